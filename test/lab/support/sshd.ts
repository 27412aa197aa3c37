import { must } from '../harness.js'

/** What the host's sshd says of a user who comes from anywhere. */
export const sshdSays = (host: string, user: string): Promise<string> =>
  must(host, `sshd -T -C user=${user},host=x,addr=192.0.2.1`)
