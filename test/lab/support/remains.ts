/** What a change, or its undoing, has left on a host. */
import { expect } from 'chai'
import { must, sh, until } from '../harness.js'
import { stateOf, type ChangeState } from './drive.js'
import { difference } from './snapshot.js'

/** What enable-mfa writes. */
export const managed = [
  '/etc/pam.d/bastionctl-mfa',
  '/etc/pam.d/sshd',
  '/etc/profile.d/bastionctl-mfa-enrol.sh',
  '/etc/ssh/sshd_config',
  '/etc/ssh/sshd_config.d/00-bastionctl-mfa.conf',
] as const

/** The account databases that useradd and userdel write, and the copies they leave behind. */
const databases = ['passwd', 'shadow', 'group', 'gshadow', 'subuid', 'subgid']

/**
 * What decides a login, with all that lies around it: type, mode, owner, link and content of every file; the time too of those
 * that a change manages. Of the databases' older versions only that they are there, since any useradd writes them anew, and of
 * people's factors, since any login with a code does.
 */
export async function snapshot(host: string): Promise<readonly string[]> {
  const folders = '/etc /home /root /usr/local /var/lib /var/mail /var/spool'
  const skipped = [
    '/var/lib/amazon',
    '/var/lib/systemd',
    '/var/lib/bastionctl',
    '/var/lib/private',
    '/var/lib/dpkg',
    '/var/lib/apt',
    '*/.cache',
  ]
  const prune = `\\( ${skipped.map((path) => `-path '${path}'`).join(' -o ')} \\) -prune`
  const older = databases.map((name) => `-e ' /etc/${name}-$'`).join(' ')
  const script = [
    `find ${folders} -xdev ${prune} -o -printf '%p|%y|%m|%U:%G|%l\\n' | sort`,
    `find ${folders} -xdev ${prune} -o -type f -print0 | sort -z | xargs -0 sha256sum | grep -v ${older} -e '/\\.google_authenticator$'`,
    `stat -c '%n %.9Y' ${managed.join(' ')} 2>/dev/null`,
  ]
  return (await must(host, `${script.join('; ')}; true`)).split('\n')
}

/** Traces of any change but its record: nothing is to be left. */
export async function remains(host: string): Promise<readonly string[]> {
  const script = [
    'ls -d /etc/.bastionctl /usr/local/libexec/bastionctl /run/bastionctl-* /etc/systemd/system/*bastionctl-* /etc/systemd/system/*/*bastionctl-*',
    "systemctl list-units --all --plain --no-legend 'bastionctl-*'",
    "systemctl list-unit-files --no-legend 'bastionctl-*' | grep bastionctl",
    "find /etc /home /usr/local /var/lib/bastionctl -xdev -name '*.bastionctl-new' -o -xdev -name '*.new'",
    `ls -d ${databases.map((name) => `/etc/${name}.lock /etc/${name}+`).join(' ')}`,
    "grep -rl 'bctl-[0-9]' /etc /var/spool; ls -d /home/bctl-* /var/mail/bctl-* /run/user/*/bctl-*",
    "getent passwd | grep '^bctl-'",
    "ls -A /var/lib/bastionctl | grep -vxE 'changes|holder|lock'",
    "pgrep -af 'guard\\.sh|main\\.sh|bctl-[0-9]'",
    `awk '$1 == "bastionctl" || $2 ~ "/run/bastionctl"' /proc/mounts`,
  ]
  const { stdout } = await sh(host, `{ ${script.join('; ')}; } 2>/dev/null`)
  return stdout.split('\n').filter((line) => line !== '' && !line.includes('pgrep'))
}

/** Waits until the host has put its old state back by itself and all traces away; at the latest `late` seconds after the deadline. */
export async function backByItself(
  host: string,
  id: string,
  before: readonly string[],
  { within = 150, late = 30 } = {},
): Promise<ChangeState> {
  let seen: ChangeState | undefined
  let left: readonly string[] = []
  await until(`roll back of ${id} on ${host}`, within, async () => {
    seen = await stateOf(host, id)
    if (seen.state !== 'rolled-back') return false
    left = await remains(host)
    return left.length === 0
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}\nstate: ${JSON.stringify(seen)}\nleft: ${left.join('\n')}`)
  })
  expect(difference(before, await snapshot(host))).to.deep.equal([])
  if (seen === undefined) throw new Error('never looked')
  expect(seen.at - seen.deadline, 'seconds after the deadline').to.be.at.most(late)
  return seen
}
