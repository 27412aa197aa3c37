import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { generatedFiles, generatedFolders } from '../../docs/generate/files.js'
import { root } from '../source-config.js'

const renew = 'is stale: run "npm run generate"'

describe('generated files', () => {
  let files: ReadonlyMap<string, string>
  before(async () => {
    files = await generatedFiles()
  })

  it('are committed as they would be generated now', () => {
    for (const [path, text] of files) {
      const committed = existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : ''
      expect(committed === text, `${path} ${renew}`).to.equal(true)
    }
  })

  it('have no leftovers', () => {
    const found = generatedFolders.flatMap((folder) =>
      readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
    )
    expect(found.filter((path) => !files.has(path))).to.deep.equal([], renew)
  })

  it('name every command and every flag in the manifest', () => {
    const manifest = JSON.parse(files.get('oclif.manifest.json') ?? '') as {
      commands: Record<string, { flags: object }>
    }
    for (const [id, { flags }] of Object.entries(manifest.commands)) {
      const page = files.get(`docs/commands/${id}.md`) ?? ''
      for (const name of Object.keys(flags)) expect(page).to.match(new RegExp(`--(?:\\[no-\\])?${name}[\` ]`))
      expect(files.has(`docs/schemas/${id}.json`)).to.equal(true)
    }
  })
})
