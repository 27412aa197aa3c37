/**
 * Builds dist/ (or the folder named) with esbuild: the front of the program and @oclif/core as one file, what commands
 * import lazily as chunks; every other dependency stays in node_modules. Finding and reading oclif's 150 files is what a
 * plain oclif program mostly does while it starts; what is left of that is in `oclifOnDemand`.
 */
import { readFileSync, renameSync, rmSync } from 'node:fs'
import { build } from 'esbuild'

const outdir = process.argv[2] ?? 'dist'
const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const bundled = new Set(['@oclif/core'])
const fresh = `${outdir}.new`

/** What oclif needs for programs without a manifest, for plug-ins and for spinners: a third of the bundle. It stays in node_modules. */
const SELDOM = ['cli-spinners', 'lilconfig', 'minimatch', 'tinyglobby', 'wordwrap']

/**
 * @oclif/core, each of its files run at the first use instead of at once (as Babel's `lazy` does with CommonJS), and sorting
 * command names without a collator, whose tables take V8 6 ms to load. A release of oclif that is written otherwise fails here.
 */
const oclifOnDemand = {
  name: 'oclif-on-demand',
  setup({ onLoad, onEnd }) {
    const expected = new Set(['collator', ...SELDOM])
    onLoad({ filter: /@oclif[\\/]core[\\/]lib[\\/].*\.js$/ }, ({ path }) => {
      const names = []
      const contents = readFileSync(path, 'utf8')
        .replaceAll(/\brequire\(["']([\w-]+)["']\)/g, (call, name) => {
          if (!SELDOM.includes(name)) return call
          expected.delete(name)
          return `requireBesideOclif('${name}')`
        })
        .replaceAll(/^const (\w+_\d+) = (.*[rR]equire\w*\(["'][^"']+["']\)\)?);$/gm, (_, name, value) => {
          names.push(name)
          return `let ${name}$; const ${name}$get = () => ${name}$ ??= ${value};`
        })
        .replaceAll('a.id.localeCompare(b.id)', () => {
          expected.delete('collator')
          return '(a.id < b.id ? -1 : 1)'
        })
      const used = new RegExp(`(?<![\\w$.])(${names.join('|')})(?![\\w$])`, 'g')
      return { contents: names.length === 0 ? contents : contents.replaceAll(used, '($1$get())') }
    })
    onEnd(() => ({ errors: [...expected].map((what) => ({ text: `@oclif/core no longer uses ${what} as build.js expects` })) }))
  },
}

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
  plugins: [oclifOnDemand],
  logLevel: 'warning',
})
// Swapped at once: somebody may be running the old one.
rmSync(outdir, { recursive: true, force: true })
renameSync(fresh, outdir)
