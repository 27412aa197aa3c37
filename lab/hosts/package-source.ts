/** The hosts' only package source: a folder of .deb files with an index. Hosts have no way out to a mirror. */

import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { must } from './run.js'

/**
 * Downloads packages with everything that they need beyond what `root` has installed, and indexes them.
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
  for (const dir of [path.join(scratch, 'state/lists/partial'), path.join(archives, 'partial'), folder])
    mkdirSync(dir, { recursive: true })
  const options = [
    `Dir::Etc::SourceList=${sources}`,
    'Dir::Etc::SourceParts=-',
    `Dir::State=${scratch}/state`,
    `Dir::State::status=${root}/var/lib/dpkg/status`,
    `Dir::Cache=${scratch}/cache`,
    'APT::Install-Recommends=false',
    'APT::Sandbox::User=root',
    'Acquire::Retries=3',
  ].flatMap((option) => ['-o', option])
  await must('apt-get', ['-qq', ...options, 'update'])
  await must('apt-get', ['-qq', ...options, '--yes', '--download-only', 'install', ...packages])
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
