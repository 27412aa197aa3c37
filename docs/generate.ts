/** `npm run generate`: writes every generated file that is committed. test/docs/generated.test.ts fails on a stale one. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../test/source-config.js'
import { generatedFiles, generatedFolders } from './generate/files.js'

const files = await generatedFiles()
for (const folder of generatedFolders) {
  mkdirSync(join(root, folder), { recursive: true })
  for (const name of readdirSync(join(root, folder)))
    if (!files.has(`${folder}/${name}`)) rmSync(join(root, folder, name))
}
for (const [path, text] of files) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
console.log(`${String(files.size)} files`)
