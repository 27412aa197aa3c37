/** The package as README has it installed: packed, and put under a prefix of its own with all that it depends on. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../source-config.js'
import { program } from './program.js'

/** Path of the program that users start; undefined where what it depends on would have to be fetched and cannot be. Then CI fails. */
export function installed(prefix: string): string | undefined {
  const packed = join(prefix, 'packed')
  mkdirSync(packed)
  const built = join(dirname(program()), '..')
  for (const name of ['package.json', 'oclif.manifest.json', 'bin', 'dist', 'templates'])
    cpSync(join(built, name), join(packed, name), { recursive: true })
  for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs'])
    cpSync(join(root, name), join(packed, name), { recursive: true })
  const npm = (...args: string[]) =>
    execFileSync('npm', [...args, '--loglevel=error'], { cwd: packed, encoding: 'utf8', stdio: 'pipe' })
  // Built already, and into a folder of its own: "prepack" would write into this checkout.
  const file = npm('pack', '--ignore-scripts').trim()
  try {
    npm('install', '--global', '--prefix', prefix, '--prefer-offline', '--no-audit', '--no-fund', `./${file}`)
  } catch (error) {
    const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT/.test(String((error as { stderr?: string }).stderr))
    if (!offline || process.env['CI'] === 'true') throw error
    return undefined
  }
  rmSync(packed, { recursive: true })
  return join(prefix, 'bin', 'bastionctl')
}
