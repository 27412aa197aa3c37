/** The map of the house (CONTRIBUTING.md) as rules: dependencies point inward. */

/** A folder of src/ may import from these others, and from itself. */
const inward = {
  domain: [],
  os: ['domain'],
  render: ['domain'],
  features: ['domain', 'os', 'render'],
  host: ['domain'],
  fleet: ['domain', 'engine/ports'],
  engine: ['domain', 'features', 'os', 'render', 'host'],
  cli: ['domain', 'engine', 'features', 'fleet'],
  commands: ['domain', 'cli'],
}

const layers = Object.entries(inward).map(([folder, allowed]) => ({
  name: `${folder}-points-inward`,
  severity: 'error',
  comment: `src/${folder} may import from ${['itself', ...allowed].join(', ')}`,
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: [folder, ...allowed].map((target) => `^src/${target}(?:[./]|$)`) },
}))

/** A package that only these files may know. */
const owned = (name, packages, files) => ({
  name,
  severity: 'error',
  from: { path: '^src/', pathNot: files },
  to: { path: packages.map((entry) => `^node_modules/${entry}/`) },
})

module.exports = {
  forbidden: [
    ...layers,
    owned('aws-only-in-fleet', ['@aws-sdk', '@smithy'], ['^src/fleet/']),
    owned('execa-in-one-file', ['execa'], ['^src/fleet/ssh/process\\.ts$']),
    owned('inquirer-only-in-prompts', ['inquirer', '@inquirer'], ['^src/cli/prompts\\.ts$']),
    owned('oclif-only-in-commands-and-cli', ['@oclif'], ['^src/(?:commands|cli)/']),
    {
      name: 'product-knows-no-test-code',
      severity: 'error',
      from: { path: '^(?:src|bin/run\\.js)' },
      to: { path: '^(?:test|lab|docs)/' },
    },
    {
      name: 'slow-modules-are-imported-lazily',
      comment: 'what --help, usage errors and history load must not lead to AWS, prompts or the engine',
      severity: 'error',
      from: { path: '^src/(?:commands|cli)/' },
      to: {
        path: '^src/(?:engine/engine|fleet/(?:index|ssh/index)|cli/(?:prompts|change-run|saved-plan-run|target-run))\\.ts$',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'no-orphans', severity: 'error', from: { path: '^src/', orphan: true }, to: {} },
    {
      name: 'only-declared-packages',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
