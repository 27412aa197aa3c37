/** What is secret is sent to a host sealed by its own key, and not at all where that gives none. */
import { constants, generateKeyPairSync, privateDecrypt, type KeyObject } from 'node:crypto'
import { expect } from 'chai'
import type { AccountEdit } from '../../src/domain/change.js'
import type { Ports } from '../../src/engine/api.js'
import type { Reply } from '../../src/engine/ports.js'
import { sealFor, type Sealed } from '../../src/engine/sealing.js'
import { change, planWith } from '../support/samples.js'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
const secrets = new Map([
  ['ann', 'of ann'],
  ['bob', 'of bob'],
])
const edits = [
  { name: 'ann', factor: 'totp' },
  { name: 'bob', factor: 'keep' },
] as unknown as readonly AccountEdit[]

/** Of a plan for deb11 and deb12, by what they answer; `asked` are the hosts that a key was asked of. */
async function sealed(accounts: readonly AccountEdit[], ...answers: readonly Partial<Reply>[]) {
  const asked: string[] = []
  const plan = planWith({ changes: [{ ...change, accounts }] })
  const ports = {
    signal: new AbortController().signal,
    transport: {
      run: ({ hosts }: { readonly hosts: readonly string[] }) => {
        asked.push(...hosts)
        return Promise.resolve(answers.map((answer, at) => ({ host: hosts[at], stdout: '', ...answer }) as Reply))
      },
    },
  } as unknown as Ports
  return { asked, ...(await sealFor(ports, { plan, who: 'ann' }, plan.hosts, secrets)) }
}

const key = (text: string): Partial<Reply> => ({ stdout: `bastionctl=1\noutcome=sealing\nkey=${text}\n` })
const refusals = ({ refused }: Sealed): readonly (readonly unknown[])[] =>
  refused.map(({ id, outcome, reason, detail }) => [id, outcome, reason, detail?.replace(/^.* for it: /, '')])

describe('secrets for hosts', () => {
  it('are those of the accounts that get one, for the key of each host', async () => {
    const { asked, of, refused } = await sealed(edits, key(spki), key(spki))
    expect(asked).to.deep.equal(['i-11', 'i-12'])
    expect(refused).to.deep.equal([])
    for (const host of asked) {
      expect(Object.keys(of.get(host) ?? {})).to.deep.equal(['ann'])
      expect(opened(privateKey, of.get(host)?.['ann'] ?? '')).to.equal('of ann')
    }
  })

  it('go to no host that gives no key, or one that is none, and are refused there with the reason', async () => {
    const no = { stdout: 'bastionctl=1\noutcome=refused\nreason=sealing\ndetail=openssl is not installed\n' }
    const one = await sealed(edits, no, key(spki))
    expect([...one.of.keys()]).to.deep.equal(['i-12'])
    expect(refusals(one)).to.deep.equal([['i-11', 'refused', 'sealing', 'openssl is not installed']])
    const other = await sealed(edits, { detail: 'it is offline' })
    expect(refusals(other)).to.deep.equal([
      ['i-11', 'refused', 'sealing', 'it is offline'],
      ['i-12', 'refused', 'sealing', 'it gave no answer'],
    ])
    const odd = await sealed(edits, key('AAAA'), key(spki))
    expect([...odd.of.keys()]).to.deep.equal(['i-12'])
    expect(odd.refused.map(({ id }) => id)).to.deep.equal(['i-11'])
  })

  it('are asked of nobody where no account gets one', async () => {
    expect(await sealed(edits.slice(1))).to.deep.equal({ asked: [], of: new Map(), refused: [] })
  })
})

function opened(by: KeyObject, text: string): string {
  const how = { key: by, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  return privateDecrypt(how, Buffer.from(text, 'base64')).toString()
}
