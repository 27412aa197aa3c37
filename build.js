/**
 * Builds dist/ (or the folder named) with esbuild: the front of the program and @oclif/core as one file, what commands
 * import lazily as chunks; every other dependency stays in node_modules. Finding and reading oclif's 150 files is what a
 * plain oclif program mostly does while it starts.
 */
import { readFileSync, renameSync, rmSync } from 'node:fs'
import { build } from 'esbuild'

const outdir = process.argv[2] ?? 'dist'
const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const bundled = new Set(['@oclif/core'])
const fresh = `${outdir}.new`

rmSync(fresh, { recursive: true, force: true })
await build({
  entryPoints: ['src/cli/main.ts'],
  outbase: 'src',
  outdir: fresh,
  // One folder below dist/, as src/<room>/ is below src/: paths relative to import.meta.url lead to the same place.
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  minifyWhitespace: true,
  minifySyntax: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // typescript: oclif looks for it in development only.
  external: [...Object.keys(dependencies).filter((name) => !bundled.has(name)), 'typescript'],
  // What CommonJS modules expect to find, inside an ES module.
  banner: {
    js: [
      "import { createRequire as __createRequire } from 'node:module'",
      "import { fileURLToPath as __fileURLToPath } from 'node:url'",
      'const require = __createRequire(import.meta.url)',
      'const __filename = __fileURLToPath(import.meta.url)',
      "const __dirname = __fileURLToPath(new URL('.', import.meta.url))",
    ].join('\n'),
  },
  logLevel: 'warning',
})
// Swapped at once: somebody may be running the old one.
rmSync(outdir, { recursive: true, force: true })
renameSync(fresh, outdir)
