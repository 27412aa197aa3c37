/** The hosts' only package source: a folder of .deb files with an index. Hosts have no way out to a mirror. */

import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { must } from './run.js'

/**
 * Downloads packages with everything that they need beyond what `root` has installed, and indexes them; what is named is there even if `root` has it.
 * The machine's apt does it, with its proxies and keys, but with folders of its own.
 * @param sources path of a sources.list. @throws LabError when apt cannot.
 */
export async function fillSource(
  root: string,
  sources: string,
  folder: string,
  packages: readonly string[],
): Promise<void> {
  const scratch = `${folder}.apt`
  const archives = path.join(scratch, 'cache/archives')
  mkdirSync(folder, { recursive: true })
  const options = await aptElsewhere(scratch, sources, path.join(root, 'var/lib/dpkg/status'))
  await must('apt-get', ['-qq', ...options, '--yes', '--download-only', '--reinstall', 'install', ...packages])
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb')))
    copyFileSync(path.join(archives, file), path.join(folder, file))
  writeFileSync(
    path.join(folder, 'Packages'),
    await must('apt-ftparchive', ['packages', folder]).then((text) =>
      text.replaceAll(`Filename: ${folder}/`, 'Filename: ./'),
    ),
  )
  writeFileSync(
    path.join(folder, 'Release'),
    await must('apt-ftparchive', ['-o', 'APT::FTPArchive::Release::Suite=lab', 'release', folder]),
  )
  await must('rm', ['-rf', scratch])
}

/**
 * Options that make the machine's apt-get work on another release in folders of its own; its lists are fetched.
 * @param sources path of a sources.list. @param status dpkg's list of what is installed. @throws LabError when apt cannot.
 */
export async function aptElsewhere(scratch: string, sources: string, status: string): Promise<string[]> {
  for (const dir of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(path.join(scratch, dir), { recursive: true })
  const options = [
    `Dir::Etc::SourceList=${sources}`,
    'Dir::Etc::SourceParts=-',
    `Dir::State=${scratch}/state`,
    `Dir::State::status=${status}`,
    `Dir::Cache=${scratch}/cache`,
    'APT::Install-Recommends=false',
    'APT::Sandbox::User=root',
    'Acquire::Retries=3',
  ].flatMap((option) => ['-o', option])
  await must('apt-get', ['-qq', ...options, 'update'])
  return options
}
