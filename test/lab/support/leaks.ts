/** Where on a host a secret could have been left, and a look at everything that runs meanwhile. */
import { must, sh } from '../harness.js'

const processes = '/srv/processes'

/** Every command line and environment of whatever runs from now on, until `watched`. */
export async function watchProcesses(host: string): Promise<void> {
  await must(
    host,
    `systemd-run --quiet --unit=watch sh -c 'while :; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n" >>${processes}; sleep 0.05; done'`,
  )
}

/** Ends the watch. @returns all that it has seen. */
export async function watched(host: string): Promise<string> {
  return must(host, `systemctl stop watch; sort -u ${processes} | tr -d '\\0'`)
}

/** What a host keeps and people read, by what it is. */
export async function places(host: string): Promise<Readonly<Record<string, string>>> {
  const scripts = {
    'record of changes': "find /var/lib/bastionctl -type f ! -path '*/people/*' -exec cat {} +",
    journal: 'journalctl -q -a -o export --no-pager',
    logs: "find /var/log -type f ! -path '*/journal/*' -exec cat {} +",
    // Scripts stay there for two weeks.
    agent: 'find /var/lib/amazon -type f -exec cat {} +',
    temporary: 'find /run /tmp /var/tmp /dev/shm -xdev -type f -size -1M -exec cat {} + 2>/dev/null; true',
  }
  const read = Object.entries(scripts).map(async ([what, script]) => [
    what,
    await must(host, `(${script}) | tr -d '\\0'`),
  ])
  return Object.fromEntries(await Promise.all(read)) as Record<string, string>
}

/** Files anywhere on a host that have one of these texts in them, less what is only there while it runs. */
export async function filesWith(host: string, texts: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await sh(
    host,
    'cat >/dev/shm/patterns; grep -rlaFf /dev/shm/patterns /boot /etc /home /opt /root /run /srv /tmp /usr/local /var /dev/shm -D skip --exclude=patterns 2>/dev/null | sort; rm /dev/shm/patterns',
    { input: `${texts.join('\n')}\n` },
  )
  return stdout.split('\n').filter(Boolean)
}

/** What of the people's records others than root could read or reach. */
export async function openRecords(host: string): Promise<string> {
  return must(
    host,
    "stat -c '%a %U %n' /var/lib/bastionctl /var/lib/bastionctl/changes | grep -v '^700 root'; find /var/lib/bastionctl/changes -path '*/people*' \\( ! -user root -o -perm /077 \\); true",
  )
}
