/** How hosts were at a time, to be held against how they are after a roll back. */
import { expect } from 'chai'
import { generations } from '../harness.js'
import { onAll } from './everywhere.js'
import { remains } from './remains.js'
import { difference, state } from './snapshot.js'

export function remembered(hosts: readonly string[] = generations) {
  const was = new Map<string, readonly string[]>()
  return {
    remember: (): Promise<void> =>
      onAll(async (host) => {
        was.set(host, await state(host))
      }, hosts),
    /** As then, but for the record on the host. */
    asBefore: async (host: string): Promise<void> => {
      expect(difference(was.get(host), await state(host)), host).to.deep.equal([])
      expect(await remains(host), host).to.deep.equal([])
    },
  }
}
