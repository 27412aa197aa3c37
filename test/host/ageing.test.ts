/** How the on-host programs see a password and its age, without a host. */
import { expect } from 'chai'
import { execa } from 'execa'
import { fileURLToPath } from 'node:url'

const library = fileURLToPath(new URL('../../templates/host/lib/barred.sh', import.meta.url))

describe('ageing', () => {
  const rows = [
    ['', '', '', ''],
    ['20000', '99999', '', ''],
    ['20000', '', '', ''],
    ['0', '99999', '', 'password-change'],
    ['19970', '30', '', ''],
    ['19969', '30', '', 'password-change'],
    ['19960', '30', '10', 'password-change'],
    ['19959', '30', '10', 'password-expired'],
    // Of the future, where a clock went wrong: PAM lets in.
    ['20001', '30', '10', ''],
    ['nonsense', '$(id)', '09', ''],
  ] as const
  for (const [changed, max, inactive, verdict] of rows)
    it(`is "${verdict}" on day 20000 for ${changed}:${max}:${inactive}`, async () => {
      const { stdout } = await execa('sh', ['-c', '. "$0"; ageing "$@"', library, changed, max, inactive, '20000'])
      expect(stdout).to.equal(verdict)
    })
})

describe('password_of', () => {
  for (const [line, verdict] of [
    ['ann:$6$salt$hash:20000:0:99999:7:::', 'set'],
    ['ann::20000:0:99999:7:::', 'empty'],
    ['ann:*:20000:0:99999:7:::', 'locked'],
    ['ann:!:20000:0:99999:7:::', 'barred'],
    ['ann:!$6$salt$hash:20000:0:99999:7:::', 'barred'],
    ['ann:!*:20000::::::', 'barred'],
    // Of a directory service, which shows none.
    ['', 'locked'],
  ] as const)
    it(`is "${verdict}" for "${line}"`, async () => {
      const { stdout } = await execa('sh', [
        '-c',
        '. "$0"; password_of "$@"; printf "%s\\n" "$PASSWORD"',
        library,
        line,
        line.split(':')[1] ?? '',
      ])
      expect(stdout).to.equal(verdict)
    })
})
