/** Debian roots, built once a recipe and kept in the cache; hosts are overlays of them and never write there. */

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import type { HostRecord } from '../state.js'
import type { Release } from '../types.js'
import { LabError } from './error.js'
import { unmountBelow } from './mounts.js'
import { cacheDir } from './places.js'
import { withLock } from './lock.js'
import { aptMirror, transportOptions } from './mirror.js'
import { fillSource } from './package-source.js'
import { FACTOR, INSTALLED, OFFERED, SOURCE, USER } from './recipe/packages.js'
import { must } from './run.js'

export interface Image {
  /** Lower layer of a host without a second factor's module. */
  readonly root: string
  /** On top of root: the TOTP module, installed. */
  readonly factor: string
  /** Local package source, bind-mounted into hosts. */
  readonly packages: string
}

const recipe = (file: string): string => path.join(import.meta.dirname, 'recipe', file)
/** From bookworm on the packages themselves see to it. */
const MERGED_USR: Readonly<Record<Release, readonly string[]>> = {
  bullseye: [`--setup-hook=${recipe('merge-usr.sh')}`],
  bookworm: [],
  trixie: [],
}
/** Part of the digest: raise it to make everybody build anew. */
const VERSION = 2

function digest(release: Release): string {
  const scripts = ['merge-usr.sh', 'customize.sh', 'factor.sh'].map((file) => readFileSync(recipe(file), 'utf8'))
  const parts = [VERSION, release, INSTALLED, FACTOR, OFFERED, SOURCE, USER, ...scripts]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)
}

/** The parts of an image. */
export const imageAt = (dir: string): Image => ({
  root: path.join(dir, 'root'),
  factor: path.join(dir, 'factor'),
  packages: path.join(dir, 'packages'),
})

/** What a host's own layers lie on, topmost first. */
export function imageLayers(host: Pick<HostRecord, 'image' | 'factor'>): string[] {
  const { root, factor } = imageAt(host.image)
  return host.factor ? [factor, root] : [root]
}

/** Where the release's image is, or will be, by the recipe as it is now. */
export const imageDir = (release: Release): string => path.join(cacheDir(), `${release}-${digest(release)}`)

/** Builds an image unless it is there: about 15 s alone, 35 s all three. Safe to call from several processes. @throws LabError */
export async function ensureImage(release: Release, dir: string, say: (text: string) => void): Promise<void> {
  if (existsSync(dir)) return
  await withLock(`image-${path.basename(dir)}`, async () => {
    if (!existsSync(dir)) await build(release, dir, say)
  })
}

async function build(release: Release, target: string, say: (text: string) => void): Promise<void> {
  say(`building the ${release} image in ${target}`)
  const mirror = await aptMirror()
  mkdirSync(cacheDir(), { recursive: true })
  const stale = `.${path.basename(target)}-`
  for (const name of readdirSync(cacheDir()).filter((entry) => entry.startsWith(stale)))
    await discard(path.join(cacheDir(), name))
  const dir = mkdtempSync(path.join(cacheDir(), stale))
  const root = path.join(dir, 'root')
  const sources = path.join(dir, 'sources.list')
  writeFileSync(sources, `deb [signed-by=${mirror.keyring}] ${mirror.uri} ${release} main\n`)
  try {
    // What debootstrap --variant=minbase makes, in an eighth of the time: it leaves the unpacking to apt.
    await must('setpriv', [
      '--pdeathsig',
      'TERM',
      'mmdebstrap',
      '--quiet',
      '--mode=root',
      '--variant=minbase',
      `--include=${INSTALLED.join(',')}`,
      ...MERGED_USR[release],
      ...(await transportOptions()).map((option) => `--aptopt=${option}`),
      release,
      root,
      sources,
    ])
    await must('sh', [recipe('customize.sh'), root, USER, SOURCE])
    await fillSource(root, sources, path.join(dir, 'packages'), OFFERED)
    await must('unshare', ['--mount', 'sh', recipe('factor.sh'), dir, SOURCE, FACTOR])
    renameSync(dir, target)
  } catch (error) {
    await discard(dir)
    throw new LabError(
      `cannot build the ${release} image: ${(error as Error).message}`,
      'see that "apt-get update" works on this machine',
    )
  }
}

/** Removes an image that was not finished. */
async function discard(dir: string): Promise<void> {
  await unmountBelow(dir)
  await must('rm', ['-rf', '--one-file-system', dir])
}
