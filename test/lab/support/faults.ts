/** Faults on hosts that no lab command has: programs in front of the real ones, file systems that are full. All of them end with `reset`. */
import { must, until } from '../harness.js'

/** The on-host program's PATH begins with this folder. */
const folder = '/usr/local/sbin'

/**
 * A program in front of the real one of that name: runs `script` when its arguments match the shell pattern, then the real one unless the
 * script exits. `once`: only for the first match.
 */
export async function shim(host: string, name: string, pattern: string, script: string, once = true): Promise<void> {
  const real = (await must(host, `PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v ${name}`)).trim()
  const own = `${folder}/${name}`
  const text = `#!/bin/sh\ncase "$*" in\n${pattern})\n${once ? `rm -f ${own}\n` : ''}${script}\n;;\nesac\nexec ${real} "$@"\n`
  await must(host, `cat >${own}.new && chmod 0755 ${own}.new && mv ${own}.new ${own}`, text)
}

export async function unshim(host: string, name: string): Promise<void> {
  await must(host, `rm -f ${folder}/${name}`)
}

/** Runs a script exactly when sshd is about to be reloaded with the new files: after the rehearsal and the commit, before the proof. */
export async function atReload(host: string, script: string, once = true): Promise<void> {
  await shim(host, 'systemctl', "'reload ssh.service'", script, once)
}

/**
 * Keeps a change on a host from going on where it starts a program with these arguments, until `letGo`. The shim stays for a moment: the
 * same program may be started beside it, and a shell opens its script only after the kernel has.
 */
export async function hold(host: string, name: string, pattern: string): Promise<void> {
  const script = `sleep 1; rm -f ${folder}/${name}; touch /run/held; until [ -e /run/go ]; do sleep 0.1; done; rm -f /run/held /run/go`
  await shim(host, name, pattern, script, false)
}

/** Before the rehearsal: the lock is held, nothing is written. */
export const holdAtRehearsal = (host: string): Promise<void> => hold(host, 'unshare', '*rehearse.sh*')

/** Before the proof: the new files are live, the guard is armed. */
export const holdAtProof = (host: string): Promise<void> => hold(host, 'unshare', '*prove.sh*after*')

export async function untilHeld(host: string): Promise<void> {
  await until(`${host} is held`, 90, async () => (await must(host, 'ls /run')).split('\n').includes('held'))
}

export async function letGo(host: string): Promise<void> {
  await must(host, 'touch /run/go')
}

/** Behind a test that failed: whatever is held or still at work goes on to its end, so that the host can be put back. */
export async function finish(host: string): Promise<void> {
  const lock = '/var/lib/bastionctl/lock'
  await must(
    host,
    `rm -f ${folder}/systemctl ${folder}/unshare; touch /run/go; [ ! -e ${lock} ] || flock -w 90 ${lock} true; rm -f /run/held /run/go`,
  )
}

/** The same content on a file system of its own with nothing left to write to: no block, or no inode. */
export function fillUp(path: string, what: 'blocks' | 'inodes'): string {
  const size =
    what === 'blocks' ? 'size=$(($(du -sk "$d" | cut -f1) * 2 + 1024))k' : 'nr_inodes=$(($(find "$d" | wc -l) + 20))'
  const fill =
    what === 'blocks'
      ? 'head -c 500M /dev/zero >"$d/fill" 2>/dev/null'
      : 'for n in $(seq 1000); do touch "$d/fill$n" || break; done 2>/dev/null'
  return (
    `d=${path}; s=/mnt/small-$(echo "$d" | tr / _); mkdir -p "$s" && mount -t tmpfs -o mode=0755,${size} small "$s" && cp -a "$d/." "$s/" && ` +
    `mount --bind "$s" "$d" && umount "$s" && mountpoint -q "$d" || exit 1; ${fill}; true`
  )
}

export function emptyAgain(path: string): string {
  return `umount -l ${path}`
}

/**
 * As after an upgrade of the package without a restart: the listener runs on, and what it starts for each connection no longer fits it, so
 * that every connection is cut while `sshd -t` is fine. From 9.8 on a program of its own is started.
 */
export const oldBinary = `cp -p /usr/sbin/sshd /usr/sbin/sshd-real
printf '#!/bin/sh\\ncase " $* " in *" -R "*) exit 255;; esac\\nexec /usr/sbin/sshd-real "$@"\\n' >/usr/sbin/sshd-new
chmod 0755 /usr/sbin/sshd-new && mv /usr/sbin/sshd-new /usr/sbin/sshd
if [ -e /usr/lib/openssh/sshd-session ]; then
  cp -p /usr/lib/openssh/sshd-session /usr/lib/openssh/sshd-session-real
  printf '#!/bin/sh\\nexit 255\\n' >/usr/lib/openssh/sshd-session-new
  chmod 0755 /usr/lib/openssh/sshd-session-new && mv /usr/lib/openssh/sshd-session-new /usr/lib/openssh/sshd-session
fi`

/** The programs that fit, for the listener that runs and for the next one. */
export const sameBinary = `if [ -e /usr/lib/openssh/sshd-session-real ]; then mv /usr/lib/openssh/sshd-session-real /usr/lib/openssh/sshd-session; fi
if [ -e /usr/sbin/sshd-real ]; then mv /usr/sbin/sshd-real /usr/sbin/sshd; fi`
