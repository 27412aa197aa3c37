/** What of a key's options leaves the host for `users`: a digest of each value, and no value. */
import { expect } from 'chai'
import { execa } from 'execa'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'

const library = fileURLToPath(new URL('../../templates/host/lib/times.sh', import.meta.url))

/** `name` and value in quotes of each, as it is to be said. */
function said(...options: readonly (readonly [string, string])[]): string {
  return options
    .map(([name, value]) => `${name}:${createHash('sha256').update(value).digest('hex').slice(0, 16)},`)
    .join('')
}

describe('value_digests', () => {
  for (const [text, options] of [
    ['restrict,pty', []],
    ['From="10.0.0.1,!10.0.0.2",no-pty', [['from', '"10.0.0.1,!10.0.0.2"']]],
    [
      'command="echo \\"a, from=b\\" |c",from="x"',
      [
        ['command', '"echo \\"a, from=b\\" |c"'],
        ['from', '"x"'],
      ],
    ],
    [
      'permitopen="a:1",permitopen="b:2"',
      [
        ['permitopen', '"a:1"'],
        ['permitopen', '"b:2"'],
      ],
    ],
    ['environment="A=b=c"', [['environment', '"A=b=c"']]],
    ['command="never closed', []],
  ] as const)
    it(`of ${text}`, async () => {
      const { stdout } = await execa('sh', ['-c', '. "$0"; value_digests', library], { input: text, timeout: 20_000 })
      expect(stdout).to.equal(said(...options))
    })
})
