import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { program, runProgram } from '../support/program.js'

/** A module that writes the address of every module that is imported after it into a file. */
function recorder(folder: string): { readonly preload: string; readonly read: () => string[] } {
  const list = join(folder, 'modules.txt')
  const hooks = join(folder, 'hooks.mjs')
  const preload = join(folder, 'preload.mjs')
  writeFileSync(list, '')
  writeFileSync(
    hooks,
    `import { appendFileSync } from 'node:fs'
     export async function resolve(specifier, context, next) {
       const found = await next(specifier, context)
       appendFileSync(${JSON.stringify(list)}, found.url + '\\n')
       return found
     }`,
  )
  writeFileSync(
    preload,
    `import { register } from 'node:module'; register(${JSON.stringify(pathToFileURL(hooks).href)})`,
  )
  return { preload, read: () => readFileSync(list, 'utf8').trim().split('\n') }
}

/** Left in node_modules, or chunks of the program's own. */
const slow =
  /node_modules\/(?:@inquirer|inquirer|yaml|lean-qr)\/|chunks\/(?:aws-sdk|aws-s3-sdk|users-source|engine|fleet|ssh|prompts|change-run)-/

/** What build.js puts into chunks whose names say nothing: a text that only that library has. */
const bundled: Readonly<Record<string, string>> = {
  'the AWS SDK': 'aws-sdk',
  zod: 'ZodError',
  eta: 'EtaError',
  execa: 'ExecaError',
  diff: 'structuredPatch',
  'tar-stream': 'Invalid tar header',
}

/** The libraries in a file of the built program. */
function librariesIn(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return Object.keys(bundled).filter((library) => text.includes(bundled[library] ?? ''))
}

describe('start-up', function () {
  this.timeout('30s')
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bastionctl-modules-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  async function modulesOf(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string[]> {
    const { preload, read } = recorder(folder)
    await runProgram(argv, { node: ['--import', preload], env })
    return read()
  }

  for (const argv of [
    ['--version'],
    ['--help'],
    ['enable-mfa', '--help'],
    ['enable-mfa', '--bad'],
    ['status'],
    ['history'],
    ['sync-users', '--help'],
    ['sync-users', 'x', '--tag', 'a=b'],
    ['confirm'],
  ]) {
    it(`loads neither AWS nor zod nor prompts nor the engine for "${argv.join(' ')}"`, async () => {
      const modules = await modulesOf(argv)
      expect(modules.some((url) => url.endsWith('/dist/cli/main.js'))).to.equal(true)
      expect(modules.filter((url) => slow.test(url))).to.deep.equal([])
      const built = [...new Set(modules)].filter((url) => /^file:.*\/dist\//.test(url))
      for (const url of built) expect(librariesIn(fileURLToPath(url)), url).to.deep.equal([])
    })
  }

  it('would have noticed', async () => {
    const modules = await modulesOf(['hosts', '--tag', 'a=b'], { AWS_REGION: 'eu-west-1' })
    expect(modules.join('\n'))
      .to.match(/chunks\/aws-sdk-/)
      .and.match(/chunks\/engine-/)
    const loaded = modules.filter((url) => url.includes('/dist/')).flatMap((url) => librariesIn(fileURLToPath(url)))
    expect(loaded).to.include.members(['the AWS SDK', 'zod', 'tar-stream'])
    // A library that is written otherwise one day would be looked for in vain.
    const chunks = join(dirname(program()), '..', 'dist', 'chunks')
    const found = readdirSync(chunks).flatMap((name) => librariesIn(join(chunks, name)))
    expect([...new Set(found)]).to.have.members(Object.keys(bundled))
  })
})
