/** Ending a program of the product at its n-th call of any other program: between two calls there is nothing that could be left half-done. */
import { must } from '../harness.js'
import { readOnHost } from './drive.js'

/** All that the on-host programs change a host with, and what they wait for. */
const programs =
  'mv sync systemctl cp rm rmdir mkdir ln chmod chown cat useradd userdel usermod gpasswd setpriv tar sshd ssh ssh-keyscan flock'

const shim = `#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
name=\${0##*/} d=/run/lab-calls
# What runs as a person is part of the call that has started it.
if [ -e $d/at ] && [ -w $d/count ] && grep -q "$(cat $d/unit)" /proc/self/cgroup && [ -e "$(cat $d/from)" ]; then
  exec 8>>$d/lock && /usr/bin/flock 8
  n=$(($(cat $d/count) + 1))
  echo $n >$d/count
  exec 8>&-
  if [ $n = "$(cat $d/at)" ]; then
    printf '%s %s' "$name" "$*" >$d/reached
    if [ "$(cat $d/ends)" = kill ]; then
      systemctl kill -s KILL "$(sed -n 's|.*/\\(bastionctl-[^/]*\\.service\\).*|\\1|p' /proc/self/cgroup | head -n 1)"
    fi
    sleep 600
  fi
fi
PATH=/usr/local/sbin:/usr/local/bin:$PATH
for real in /usr/sbin/$name /usr/bin/$name /sbin/$name /bin/$name; do [ ! -x $real ] || exec $real "$@"; done
`

/** Puts the counting programs in front of the real ones. They do nothing until `endAt`. */
export async function countCalls(host: string): Promise<void> {
  await must(
    host,
    `cat >/usr/local/sbin/mv && chmod 0755 /usr/local/sbin/mv && for name in ${programs}; do [ "$name" = mv ] || ln /usr/local/sbin/mv "/usr/local/sbin/$name"; done`,
    shim,
  )
}

export interface End {
  /** Part of the name of the units whose calls count. */
  readonly unit: string
  /** They count from when this path is there. */
  readonly from?: string
  /** Which call; 0 is none. */
  readonly at: number
  /** `kill`: SIGKILL to the whole unit, before the call; `halt`: it hangs there. */
  readonly ends: 'kill' | 'halt'
}

export async function endAt(host: string, { unit, from = '/', at, ends }: End): Promise<void> {
  const put = Object.entries({ unit, from, ends, count: 0, at }).map(
    ([name, value]) => `printf '%s' '${value}' >$d/${name}`,
  )
  await must(host, `d=/run/lab-calls; rm -rf $d; mkdir $d; ${put.join('; ')}`)
}

/** Calls so far, and the one that was the end. */
export async function calls(host: string): Promise<{ readonly count: number; readonly reached: string | undefined }> {
  const count = Number(readOnHost(host, '/run/lab-calls/count') ?? 0)
  return { count, reached: readOnHost(host, '/run/lab-calls/reached') || undefined }
}
