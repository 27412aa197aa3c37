/**
 * Builds dist/ (or the folder named) with esbuild: the front of the program with @oclif/core, each command as a file, what they
 * import lazily as chunks, the AWS SDK's used part among them; every other dependency stays in node_modules. Finding, reading
 * and compiling what they do not need is what a plain oclif program, and then the whole SDK, mostly do while they start.
 */
import { readFileSync, renameSync, rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { build } from 'esbuild'

const outdir = process.argv[2] ?? 'dist'
const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const bundled = new Set([
  '@oclif/core',
  '@aws-sdk/client-ec2',
  '@aws-sdk/client-s3',
  '@aws-sdk/client-ssm',
  'zod',
  'eta',
  'execa',
  'diff',
  'tar-stream',
  'yaml',
])
const fresh = `${outdir}.new`

/** What oclif needs for programs without a manifest, for plug-ins and for spinners: a third of the bundle. It stays in node_modules. */
const SELDOM = ['cli-spinners', 'lilconfig', 'minimatch', 'tinyglobby', 'wordwrap']

/**
 * @oclif/core, each of its files run at the first use instead of at once (as Babel's `lazy` does with CommonJS), sorting command
 * names without a collator, whose tables take V8 6 ms to load, and asking whether this is WSL without what starts PowerShell there.
 * A release of oclif that is written otherwise fails here.
 */
const oclifOnDemand = {
  name: 'oclif-on-demand',
  setup({ onLoad, onEnd }) {
    const expected = new Set(['collator', 'wsl-utils', ...SELDOM])
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
        .replaceAll("(await import('wsl-utils')).isWsl", () => {
          expected.delete('wsl-utils')
          return "(await import('is-wsl')).default"
        })
      const used = new RegExp(`(?<![\\w$.])(${names.join('|')})(?![\\w$])`, 'g')
      return { contents: names.length === 0 ? contents : contents.replaceAll(used, '($1$get())') }
    })
    onEnd(() => ({
      errors: [...expected].map((what) => ({ text: `@oclif/core no longer uses ${what} as build.js expects` })),
    }))
  },
}

/**
 * The SDK's lists of shapes, with the names of keys written out: esbuild leaves no shape away that has a computed key, lest computing
 * it do something, and EC2's list is 1.3 MB long.
 */
const awsUsedOnly = {
  name: 'aws-used-only',
  setup({ onLoad }) {
    onLoad({ filter: /@aws-sdk[\\/]client-\w+[\\/]dist-es[\\/]schemas[\\/]\w+\.js$/ }, ({ path }) => {
      const shapes = readFileSync(path, 'utf8')
      const names = new Map(
        [...shapes.matchAll(/^const (\w+) = ("[^"\\]*");$/gm)].map(([, name, text]) => [name, text]),
      )
      return {
        contents: shapes.replaceAll(/\[(\w+)\]:/g, (key, name) => (names.has(name) ? `${names.get(name)}:` : key)),
      }
    })
  },
}

/**
 * Node's own modules as they are. An import makes a copy of all that a module exports first, and for that asks for each: of `process` the
 * three streams, of `fs` its promises.
 */
const builtinsAsTheyAre = {
  name: 'builtins-as-they-are',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z:/_]+$/ }, ({ path, kind }) =>
      kind === 'import-statement' && isBuiltin(path)
        ? { path: path.replace(/^node:/, ''), namespace: 'builtin' }
        : undefined,
    )
    onLoad({ filter: /^/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('node:${path}')`,
    }))
  },
}

rmSync(fresh, { recursive: true, force: true })
await build({
  entryPoints: ['src/cli/main.ts', 'src/commands/*.ts'],
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
  // The AWS SDK's ES modules, of which what nobody uses is left out.
  mainFields: ['module', 'main'],
  target: 'node20.19',
  // typescript: oclif looks for it in development only.
  external: [...Object.keys(dependencies).filter((name) => !bundled.has(name)), 'typescript'],
  // What CommonJS modules expect to find, inside an ES module.
  banner: {
    js: [
      "const { createRequire: __createRequire } = process.getBuiltinModule('node:module')",
      "const { fileURLToPath: __fileURLToPath } = process.getBuiltinModule('node:url')",
      'const require = __createRequire(import.meta.url)',
      "const requireBesideOclif = (name) => __createRequire(import.meta.resolve('@oclif/core'))(name)",
      'const __filename = __fileURLToPath(import.meta.url)',
      "const __dirname = __fileURLToPath(new URL('.', import.meta.url))",
    ].join('\n'),
  },
  plugins: [oclifOnDemand, awsUsedOnly, builtinsAsTheyAre],
  logLevel: 'warning',
})
// Swapped at once: somebody may be running the old one.
rmSync(outdir, { recursive: true, force: true })
renameSync(fresh, outdir)
