/**
 * The server controls of dev-sec's ssh-baseline (controls/sshd_spec.rb, sshd-01 to -49), asked of what is in force and not
 * of the text of a file.
 */
import { must } from '../harness.js'

export interface View {
  /** Values of a keyword in `sshd -T`; none where this build does not know it. */
  readonly of: (keyword: string) => readonly string[]
  readonly greeting: string
  /** e.g. `755 root:root directory`. */
  readonly files: ReadonlyMap<string, string>
  /** Sizes in /etc/ssh/moduli below 2047 bits. */
  readonly shortModuli: readonly string[]
  /** Of the sshd that has the port. */
  readonly commandLine: string
  readonly debian: boolean
  /** Whether any file of sshd_config names DebianBanner. */
  readonly namesDebianBanner: boolean
}

interface Control {
  readonly id: string
  readonly wants: string
  readonly met: (view: View) => boolean
}

const is = (id: string, keyword: string, value: string): Control => ({
  id,
  wants: `${keyword} ${value}`,
  met: ({ of }) => of(keyword).join(' ').toLowerCase() === value,
})
/** For keywords that builds without the code do not know. */
const isIfBuilt = (id: string, keyword: string, value: string): Control => ({
  id,
  wants: `${keyword} ${value}, where sshd is built with it`,
  met: ({ of }) => of(keyword).every((one) => one === value),
})
/** What sshd can no longer do (Protocol 1 went in 7.6, UseLogin in 7.4, a monolithic sshd in 7.5). */
const gone = (id: string, keyword: string, value: string): Control => ({
  id,
  wants: `${keyword} ${value}, where it can still be chosen`,
  met: ({ of }) => of(keyword).every((one) => one === value),
})
const amongst = (id: string, keyword: string, allowed: readonly string[]): Control => ({
  id,
  wants: `${keyword}: nothing but ${allowed.join(', ')}`,
  met: ({ of }) => {
    const names = of(keyword).flatMap((list) => list.split(','))
    return names.length > 0 && names.every((name) => allowed.includes(name))
  },
})
const atMost = (id: string, keyword: string, most: number): Control => ({
  id,
  wants: `${keyword} ${String(most)} at most`,
  met: ({ of }) => Number(of(keyword)[0]) > 0 && Number(of(keyword)[0]) <= most,
})
const file = (id: string, path: string, wanted: RegExp, wants: string): Control => ({
  id,
  wants: `${path}: ${wants}`,
  met: ({ files }) => wanted.test(files.get(path) ?? ''),
})

export const controls: readonly Control[] = [
  amongst('sshd-01', 'ciphers', [
    'chacha20-poly1305@openssh.com',
    'aes256-gcm@openssh.com',
    'aes128-gcm@openssh.com',
    'aes256-ctr',
    'aes192-ctr',
    'aes128-ctr',
  ]),
  amongst('sshd-02', 'kexalgorithms', [
    'sntrup4591761x25519-sha512@tinyssh.org',
    // For OpenSSH 8.5 and later, in place of the one above (their pull request 192, of March 2021).
    'sntrup761x25519-sha512@openssh.com',
    'curve25519-sha256@libssh.org',
    'diffie-hellman-group-exchange-sha256',
  ]),
  amongst('sshd-03', 'macs', [
    'hmac-sha2-512-etm@openssh.com',
    'hmac-sha2-256-etm@openssh.com',
    'umac-128-etm@openssh.com',
    'hmac-sha2-512',
    'hmac-sha2-256',
  ]),
  file('sshd-04', '/etc/ssh', /^755 root:root directory$/, "root's, others may read"),
  file('sshd-05', '/etc/ssh/sshd_config', /^600 root:root regular file$/, "root's, nobody else may read"),
  {
    id: 'sshd-06',
    wants: 'no root login by password',
    met: ({ of }) => /^(?:no|without-password|prohibit-password)$/.test(of('permitrootlogin').join()),
  },
  { id: 'sshd-08', wants: 'an address family', met: ({ of }) => /^(?:any|inet6?)$/.test(of('addressfamily').join()) },
  {
    id: 'sshd-10',
    wants: 'protocol 2 alone',
    met: ({ of, greeting }) => of('protocol').every((one) => one === '2') && greeting.startsWith('SSH-2.0-'),
  },
  is('sshd-11', 'strictmodes', 'yes'),
  is('sshd-12', 'syslogfacility', 'auth'),
  is('sshd-13', 'loglevel', 'verbose'),
  {
    id: 'sshd-14',
    wants: 'host keys of RSA, ECDSA and Ed25519 in /etc/ssh, and no others',
    met: ({ of }) =>
      of('hostkey').length > 0 &&
      of('hostkey').every((path) => /^\/etc\/ssh\/ssh_host_(?:rsa|ecdsa|ed25519)_key$/.test(path)),
  },
  gone('sshd-15', 'uselogin', 'no'),
  gone('sshd-16', 'useprivilegeseparation', 'sandbox'),
  is('sshd-17', 'permituserenvironment', 'no'),
  atMost('sshd-18', 'logingracetime', 30),
  atMost('sshd-19', 'maxauthtries', 2),
  atMost('sshd-20', 'maxsessions', 10),
  {
    id: 'sshd-21',
    wants: 'MaxStartups 10:30:100 at most',
    met: ({ of }) => {
      const [start = NaN, rate = NaN, full = NaN] = of('maxstartups').join().split(':').map(Number)
      return start <= 10 && rate >= 30 && full <= 100
    },
  },
  is('sshd-22', 'pubkeyauthentication', 'yes'),
  is('sshd-23', 'ignorerhosts', 'yes'),
  is('sshd-24', 'ignoreuserknownhosts', 'yes'),
  is('sshd-25', 'hostbasedauthentication', 'no'),
  is('sshd-27', 'passwordauthentication', 'no'),
  is('sshd-28', 'permitemptypasswords', 'no'),
  {
    id: 'sshd-29',
    wants: 'no keyboard-interactive, by its old name or the new one',
    met: ({ of }) =>
      of('kbdinteractiveauthentication').join() === 'no' &&
      of('challengeresponseauthentication').every((one) => one === 'no'),
  },
  isIfBuilt('sshd-30', 'kerberosauthentication', 'no'),
  isIfBuilt('sshd-31', 'kerberosorlocalpasswd', 'no'),
  isIfBuilt('sshd-32', 'kerberosticketcleanup', 'yes'),
  isIfBuilt('sshd-33', 'gssapiauthentication', 'no'),
  isIfBuilt('sshd-34', 'gssapicleanupcredentials', 'yes'),
  is('sshd-35', 'tcpkeepalive', 'no'),
  is('sshd-36', 'clientaliveinterval', '300'),
  is('sshd-37', 'clientalivecountmax', '3'),
  is('sshd-38', 'permittunnel', 'no'),
  is('sshd-39', 'allowtcpforwarding', 'no'),
  is('sshd-40', 'allowagentforwarding', 'no'),
  is('sshd-41', 'gatewayports', 'no'),
  is('sshd-42', 'x11forwarding', 'no'),
  is('sshd-43', 'x11uselocalhost', 'yes'),
  is('sshd-44', 'printmotd', 'no'),
  is('sshd-45', 'printlastlog', 'no'),
  is('sshd-46', 'banner', 'none'),
  {
    id: 'sshd-47',
    wants: 'a greeting without the package; elsewhere no word of that patch of Debian',
    met: ({ debian, greeting, namesDebianBanner }) => (debian ? !/debian/i.test(greeting) : !namesDebianBanner),
  },
  { id: 'sshd-48', wants: 'no moduli below 2047 bits', met: ({ shortModuli }) => shortModuli.length === 0 },
  {
    id: 'sshd-49',
    wants: 'no algorithms of the crypto policy on the command line',
    met: ({ commandLine }) =>
      commandLine.includes('sshd') && !/-o ?(?:Ciphers|KexAlgorithms|HostKeyAlgorithms)/i.test(commandLine),
  },
]

/** The last number of theirs. */
export const lastControl = 49
export const leftOut: Readonly<Record<string, string>> = {
  'sshd-07': "the port is the site's choice",
  'sshd-09': "the address to listen on is the site's choice",
  'sshd-26': 'taken back by dev-sec: there is none of this number any more',
}

/** Prints sections, each under a line of its own. */
const questions = (user: string): string => `
echo '== values'; sshd -T -C user=${user},host=x,addr=192.0.2.1
echo '== greeting'; ssh-keyscan -t ed25519 127.0.0.1 2>&1 | sed -n 's/^# [^ ]* //p'
echo '== files'; stat -c '%n|%a %U:%G %F' /etc/ssh /etc/ssh/sshd_config
echo '== moduli'; awk '$5 ~ /^[0-9]+$/ && $5 < 2047 { print $5 }' /etc/ssh/moduli
echo '== command'; tr '\\0' ' ' <"/proc/$(cat /run/sshd.pid)/cmdline"; echo
echo '== system'; sed -n 's/^ID=//p' /etc/os-release
echo '== patch'; cat /etc/ssh/sshd_config /etc/ssh/sshd_config.d/* 2>/dev/null | grep -i '^ *debianbanner' || true`

/** What is in force on a host for this user. */
export async function look(host: string, user: string): Promise<View> {
  const sections = new Map(
    (await must(host, questions(user)))
      .split(/^== /m)
      .slice(1)
      .map((part): [string, string[]] => {
        const [name = '', ...lines] = part.trimEnd().split('\n')
        return [name, lines]
      }),
  )
  const lines = (name: string): readonly string[] => sections.get(name) ?? []
  const values = lines('values').map((line): [string, string] => {
    const [keyword = ''] = line.split(' ', 1)
    return [keyword, line.slice(keyword.length + 1)]
  })
  if (values.length === 0) throw new Error(`sshd -T says nothing on ${host}`)
  return {
    of: (keyword) => values.filter(([name]) => name === keyword).map(([, value]) => value),
    greeting: lines('greeting')[0] ?? '',
    files: new Map(
      lines('files').map((line): [string, string] => {
        const [path = '', rest = ''] = line.split('|')
        return [path, rest]
      }),
    ),
    shortModuli: lines('moduli'),
    commandLine: lines('command').join(' '),
    debian: lines('system').join().includes('debian'),
    namesDebianBanner: lines('patch').length > 0,
  }
}
