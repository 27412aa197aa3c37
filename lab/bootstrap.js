/**
 * Makes a fresh Debian machine with Node 20 and git ready for `npm test` and `npm run demo`: Debian packages, node_modules, dist.
 * Plain JavaScript without dependencies, since it runs before there are any. Quiet and quick when nothing is missing.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'

const REPOSITORY = path.resolve(import.meta.dirname, '..')
/** What the lab's hosts take, then what tests use. */
const PACKAGES = [
  'systemd-container',
  'mmdebstrap',
  'apt-utils',
  'debian-archive-keyring',
  'iproute2',
  'util-linux',
  'mount',
  'procps',
  'e2fsprogs',
  'openssh-client',
  'openssl',
  'oathtool',
  'python3',
  'rsync',
  'shellcheck',
]

/** Runs to the end; shows its output, and ends this process with the same code, only when it fails. */
function must(command, args, env = {}) {
  const options = { cwd: REPOSITORY, env: { ...process.env, ...env }, maxBuffer: Infinity, encoding: 'utf8' }
  const { status, error, stdout, stderr } = spawnSync(command, args, options)
  if (status === 0) return
  console.error(`${stdout ?? ''}${stderr ?? ''}`.trimEnd())
  console.error(
    `bootstrap: "${[command, ...args].join(' ')}" ${error ? `cannot start: ${error.message}` : `ended with ${status}`}`,
  )
  process.exit(status || 1)
}

function missingPackages() {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...PACKAGES], {
    encoding: 'utf8',
  })
  const installed = new Set(
    (stdout ?? '')
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  )
  return PACKAGES.filter((name) => !installed.has(name))
}

function installPackages() {
  if (process.platform !== 'linux' || process.getuid() !== 0) {
    console.error('bootstrap: no root on Linux here, so no lab: tests and demo that need real hosts will say so')
    return
  }
  if (!existsSync('/usr/bin/apt-get')) {
    console.error('bootstrap: no apt-get here; the lab is made for Debian 12')
    return
  }
  const missing = missingPackages()
  if (missing.length === 0) return
  console.error(`bootstrap: installing ${missing.join(' ')}`)
  must('apt-get', ['-qq', 'update'])
  must('apt-get', ['-qq', '--yes', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0', 'install', ...missing], {
    DEBIAN_FRONTEND: 'noninteractive',
  })
}

/** Milliseconds; 0 when it is not there. */
const age = (file) => statSync(path.join(REPOSITORY, file), { throwIfNoEntry: false })?.mtimeMs ?? 0

function installModules() {
  // npm writes this one at the end of an installation.
  if (age('node_modules/.package-lock.json') >= age('package-lock.json')) return
  console.error('bootstrap: installing node_modules')
  must('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
}

/** The newest change below a folder of the repository. */
function newest(folder) {
  const entries = readdirSync(path.join(REPOSITORY, folder), { withFileTypes: true, recursive: true })
  return Math.max(age(folder), ...entries.map((entry) => statSync(path.join(entry.parentPath, entry.name)).mtimeMs))
}

function build() {
  if (
    age('dist') > Math.max(newest('src'), age('build.js'), age('package.json'), age('node_modules/.package-lock.json'))
  )
    return
  console.error('bootstrap: building dist')
  must('npm', ['run', '--silent', 'build'])
}

installPackages()
installModules()
build()
