/** Which logins the Match lines of sshd's files tell apart by where they come from, as the on-host programs find out. */
import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'

const library = fileURLToPath(new URL('../../templates/host/lib/sshd-reads.sh', import.meta.url))

describe('origins', () => {
  const folder = scratchFolder('origins')

  /** What sshd is asked about, and what is left out, for files with these texts. */
  function found(...texts: string[]): { readonly asked: string[]; readonly left: string[] } {
    const files = texts.map((_, at) => path.join(folder(), String(at)))
    for (const [at, file] of files.entries()) writeFileSync(file, texts[at] ?? '')
    const result = path.join(folder(), 'origins')
    execFileSync('sh', ['-c', '. "$0"; origins "$1"', library, result], { input: files.join('\n') })
    const lines = (file: string): string[] => readFileSync(file, 'utf8').split('\n').filter(Boolean)
    return { asked: lines(result), left: lines(`${result}-left`) }
  }
  const outside = 'addr=192.0.2.1'

  it('are none where no Match line asks where a login comes from', () => {
    const text =
      'PermitRootLogin no\n# Match Address 10.0.0.0/8\nMatch User ann\nMatch Group "a b"\nMatch all\nMatches x\n'
    expect(found(text, '')).to.deep.equal({ asked: [], left: [] })
  })

  for (const [line, ...origins] of [
    ['Match Address 10.0.0.0/8', 'addr=10.0.0.1'],
    ['Match Address 10.0.0.0/8,192.168.0.0/16', 'addr=10.0.0.1'],
    ['Match Address !10.1.0.0/16,10.0.0.0/8', 'addr=10.0.0.1', 'addr=10.255.255.254'],
    ['Match Address 172.16.0.0/12,!172.16.0.0/24', 'addr=172.16.0.1', 'addr=172.31.255.254'],
    ['Match Address 198.51.100.7', 'addr=198.51.100.7'],
    ['Match Address 198.51.100.7/32', 'addr=198.51.100.7'],
    ['Match Address 10.0.*', 'addr=10.0.1.1'],
    ['Match Address 10.0.0.?', 'addr=10.0.0.1'],
    ['Match Address 2001:db8::/32', 'addr=2001:db8::1'],
    ['Match Address 2001:db8::5/128', 'addr=2001:db8::5'],
    ['Match Address 2001:db8:1:*', 'addr=2001:db8:1::1'],
    ['Match Host *.example.com,!old.example.com', 'host=x.example.com'],
    ['Match LocalAddress 10.9.0.0/16', 'laddr=10.9.0.1'],
    ['Match LocalPort 2222', 'lport=2222'],
    ['  match USER ann ADDRESS "10.0.0.0/8" localport 2222 # Address 10.9.9.9', 'addr=10.0.0.1,lport=2222'],
    ['Match Group "domain users" Address=10.0.0.0/8', 'addr=10.0.0.1'],
    ['Match Group="domain users" Address 10.0.0.0/8', 'addr=10.0.0.1'],
    ["Match Group='domain users' Address '10.0.0.0/8'", 'addr=10.0.0.1'],
    ['"Match" all Address 10.0.0.0/8\r', 'addr=10.0.0.1'],
    ['Match=Address 10.0.0.0/8', 'addr=10.0.0.1'],
    ['Match Address !10.0.0.0/8'],
    ['Match Host odd|name'],
  ] as const)
    it(`of "${line.trim()}": ${origins.join(' and ') || 'only what none is about'}`, () => {
      expect(found(`${line}\n  X11Forwarding yes\n`).asked).to.deep.equal([outside, ...origins])
    })

  it('are asked about once each, of all files, and eight at most: how many are left is known', () => {
    const nets = (...numbers: number[]): string =>
      numbers.map((number) => `Match Address 10.${String(number)}.0.0/16\nX11Forwarding yes\n`).join('')
    const { asked, left } = found(nets(1, 2, 1), nets(3, 4, 5, 2), nets(6, 7, 8, 9))
    expect(asked).to.deep.equal([outside, ...[1, 2, 3, 4, 5, 6, 7].map((number) => `addr=10.${String(number)}.0.1`)])
    expect(left).to.deep.equal(['addr=10.8.0.1', 'addr=10.9.0.1'])
  })
})
