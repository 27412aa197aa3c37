import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import type { Engine, Ports } from '../../src/engine/api.js'
import { root } from '../source-config.js'
import { installed } from '../support/installed.js'
import { program, runProgram } from '../support/program.js'
import { host } from '../support/samples.js'

interface Packed {
  readonly files: readonly { readonly path: string }[]
}

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

describe('the package', function () {
  this.timeout('60s')

  it('holds the program, its templates and its documents, and nothing of development', () => {
    program()
    const npm = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'], {
      cwd: root,
      encoding: 'utf8',
    })
    const [packed] = JSON.parse(npm) as Packed[]
    const paths = (packed?.files ?? []).map(({ path }) => path)
    expect(paths).to.include.members([
      'package.json',
      'LICENSE',
      'README.md',
      'bin/run.js',
      'oclif.manifest.json',
      'templates/host/main.sh',
    ])
    const development = /^(?:src|test|lab|node_modules)\/|\.ts$|^bin\/dev\.js$|^build\.js$/
    expect(paths.filter((path) => development.test(path))).to.deep.equal([])
  })

  describe('installed for everybody, as README says', function () {
    // All that it depends on may have to be fetched.
    this.timeout('5m')
    let folder: string
    let bin = ''
    before(function () {
      folder = mkdtempSync(join(tmpdir(), 'bastionctl-installed-'))
      const found = installed(folder)
      if (found === undefined) this.skip()
      bin = found
    })
    after(() => {
      rmSync(folder, { recursive: true, force: true })
    })
    const run = (...args: string[]): string =>
      execFileSync(bin, args, {
        cwd: tmpdir(),
        env: { PATH: process.env['PATH'], HOME: folder, AWS_EC2_METADATA_DISABLED: 'true' },
        encoding: 'utf8',
      })

    it('says its version', () => {
      expect(run('--version')).to.match(new RegExp(`^bastionctl/${version.replaceAll('.', '\\.')} `))
    })

    it('explains, and has help, without this repository', () => {
      expect(run('explain', 'harden')).to.match(/PermitRootLogin/)
      expect(run('enable-mfa', '--help')).to.match(/--secret-store/)
    })
  })

  it('runs from another folder', async () => {
    const ended = await runProgram(['--version'])
    expect(ended.stdout).to.match(new RegExp(`^bastionctl/${version.replaceAll('.', '\\.')} `))
    expect(ended).to.include({ exitCode: 0, stderr: '' })
  })

  it('finds its templates from the built files', async () => {
    const chunks = join(dirname(program()), '..', 'dist', 'chunks')
    const [name = ''] = readdirSync(chunks).filter((file) => file.startsWith('engine-'))
    const { engine } = (await import(pathToFileURL(join(chunks, name)).href)) as { engine: Engine }
    const sent: string[] = []
    const ports: Ports = {
      inventory: { select: () => Promise.resolve([host]) },
      transport: {
        run: ({ command }) => {
          sent.push(command)
          return Promise.resolve([
            { host: host.id, status: 'ran', exitCode: 1, stdout: '', stderr: '', complete: true },
          ])
        },
      },
      clock: { now: () => 0, sleep: () => Promise.resolve() },
      emit: () => undefined,
      signal: new AbortController().signal,
    }
    await engine.hosts(ports, { tags: [], instanceIds: [host.id], exclude: [] })
    expect(sent[0]).to.match(/systemd-run/)
  })

  it('stays quiet when its reader has gone', () => {
    const script = `${process.execPath} ${program()} enable-mfa --help | true`
    expect(
      execFileSync('sh', ['-c', `${script}; echo done`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
    ).to.equal('done\n')
  })
})
