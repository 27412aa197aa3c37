/**
 * The files that switching on writes, per distribution, against test/golden/<distro>/<case>/. Run with UPDATE_GOLDEN=1 to
 * accept what comes out, then read the difference in git. Switching off must give back stock/ itself.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { changeFrom } from '../../src/domain/change-from.js'
import { isNoop } from '../../src/domain/change.js'
import type { Facts } from '../../src/domain/facts.js'
import type { Policy } from '../../src/domain/policy.js'
import { draft } from '../../src/features/index.js'
import { cases, casesOf, hostOf } from './golden-cases.js'
import { carriedOut, distros, golden, hardening, policy, tree, type Distro } from './facts.js'

/** The policy that takes it back. */
function inverse(wanted: Policy): Policy {
  return wanted.feature === 'mfa' ? { ...wanted, action: 'disable' } : hardening({ level: 'stock' })
}

/** What sshd says of everybody once the factor is demanded. */
const demands = { authenticationmethods: ['publickey,keyboard-interactive:pam'] }

describe('golden trees', () => {
  for (const distro of Object.keys(distros) as Distro[]) {
    for (const [name, { wanted, facts }] of Object.entries(casesOf(distro))) {
      const made = draft(wanted, facts)
      const change = changeFrom(made, facts)
      const after = carriedOut(facts, made.files, wanted.feature === 'mfa' ? demands : undefined)

      it(`${distro}: ${name}`, () => {
        const folder = new URL(`${distro}/${name}/`, golden)
        const written = change.files.map(({ path, content }): [string, string] => [path, content ?? '']).sort()
        if (process.env.UPDATE_GOLDEN === '1') accept(folder, written)
        expect(tree(folder)).to.deep.equal(written)
      })

      it(`${distro}: ${name}, a second time: no changes (G8)`, () => {
        expect(isNoop(changeFrom(draft(wanted, after), after))).to.equal(true)
      })

      it(`${distro}: ${name}, then disabled: stock, byte for byte`, () => {
        const off = draft(inverse(wanted), after)
        const names = (of: Facts) => of.files.map(({ path, content, mode }) => [path, content, mode]).sort()
        expect(names(carriedOut(after, off.files))).to.deep.equal(names(facts))
      })
    }

    it(`${distro}: harden and enable-mfa in either order end in the same files, and each can go without the other`, () => {
      const facts = hostOf(distro)
      const [mfa, strict] = [cases['first-login'] ?? policy(), casesOf(distro)['strict-jump']?.wanted ?? hardening()]
      const with_ = (on: Facts, wanted: Policy) =>
        carriedOut(on, draft(wanted, on).files, wanted.feature === 'mfa' ? demands : undefined)
      const texts = (of: Facts) => of.files.map(({ path, content }) => [path, content]).sort()
      const one = with_(with_(facts, mfa), strict)
      const other = with_(with_(facts, strict), mfa)
      expect(texts(one)).to.deep.equal(texts(other))
      expect(texts(with_(one, inverse(mfa)))).to.deep.equal(texts(with_(facts, strict)))
      expect(texts(with_(one, inverse(strict)))).to.deep.equal(texts(with_(facts, mfa)))
    })

    it(`${distro}: disabled while off: no changes`, () => {
      const facts = hostOf(distro)
      expect(isNoop(changeFrom(draft(policy({ action: 'disable' }), facts), facts))).to.equal(true)
    })
  }

  for (const [id, like] of [
    ['rocky', 'rhel-8'],
    ['almalinux', 'rhel-9'],
    ['rocky', 'rhel-10'],
  ] as const) {
    it(`${id} gets what ${like} gets`, () => {
      const facts = hostOf(like)
      const there = draft(policy(), { ...facts, os: { ...facts.os, id } })
      expect(there.files).to.deep.equal(draft(policy(), facts).files)
    })
  }
})

function accept(folder: URL, files: readonly [string, string][]): void {
  rmSync(folder, { recursive: true, force: true })
  for (const [path, text] of files) {
    const target = new URL(`.${path}`, folder)
    mkdirSync(new URL('.', target), { recursive: true })
    writeFileSync(target, text)
  }
}
