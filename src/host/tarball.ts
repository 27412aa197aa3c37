import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { extract } from 'tar-stream'
import { collect } from './stream.js'

/** Text files of a gzip'd tar in base64, by path without a leading `./`. Throws if it is cut off. */
export async function readTarball(base64: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>()
  const tar = extract()
  Readable.from([gunzipSync(Buffer.from(base64, 'base64'))]).pipe(tar)
  for await (const entry of tar) {
    const text = (await collect(entry)).toString('utf8')
    if (entry.header.type === 'file') files.set(entry.header.name.replace(/^\.\//, ''), text)
  }
  return files
}
