import neostandard, { plugins, resolveIgnoresFromGitignore } from 'neostandard'

const typescript = plugins['typescript-eslint']

/** What each layer may not import: the arrows run main -> listener -> contracts -> core -> db, and http beside. */
const layers = [
  { files: ['src/db/**'], never: ['core', 'contracts', 'http', 'cli', 'listener'] },
  { files: ['src/core/**'], never: ['contracts', 'http', 'cli', 'listener'] },
  { files: ['src/http/**'], never: ['contracts', 'db', 'cli', 'listener'] },
  { files: ['src/contracts/**'], never: ['db', 'cli', 'listener'] }
]

const contractNames = ['partner', 'session', 'spa', 'tasks', 'web', 'oauth', 'ops']

const neverImport = (patterns, message) => ({
  'no-restricted-imports': ['error', { patterns: [{ group: patterns, message }] }]
})

export default [
  ...neostandard({ ts: true, ignores: [...resolveIgnoresFromGitignore(), 'openapi/**', 'drizzle/**'] }),
  {
    rules: {
      '@stylistic/comma-dangle': ['error', 'never'],
      '@stylistic/max-len': ['error', { code: 120, ignoreUrls: true }],
      'max-lines': ['error', { max: 200 }]
    }
  },
  { files: ['test/**', 'bench/**'], rules: { 'max-lines': ['error', { max: 400 }] } },
  ...typescript.configs.recommendedTypeChecked.map(config => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': ['error', {
        allowForKnownSafeCalls: [{ from: 'package', name: ['test'], package: '@tapjs/test' }]
      }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      // A Fastify plugin or hook is async by its contract, also when it awaits nothing.
      '@typescript-eslint/require-await': 'off',
      // A schema and its type share one name; the type is derived from it.
      '@typescript-eslint/no-redeclare': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off'
    }
  },
  // They use generated code, which is not there yet; the test that generates it checks their types.
  { ...typescript.configs.disableTypeChecked, files: ['test/clients/types/**', 'test/clients/usage/**'] },
  {
    files: ['test/**'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off'
    }
  },
  {
    files: ['src/**'],
    rules: {
      'no-restricted-properties': ['error', {
        object: 'process', property: 'env', message: 'Only main.ts reads the environment; take settings as an argument.'
      }]
    }
  },
  { files: ['src/main.ts'], rules: { 'no-restricted-properties': 'off' } },
  {
    files: ['src/contracts/**'],
    rules: {
      'no-restricted-syntax': ['error', {
        selector: "SpreadElement[argument.property.name='body']",
        message: 'Name the members: a body may carry more than its schema names, such as a plan to subscribe to.'
      }]
    }
  },
  ...layers.map(({ files, never }) => ({
    files,
    rules: neverImport(never.flatMap(name => [`**/${name}/**`, `**/${name}.js`]), 'Imports run one way.')
  })),
  {
    files: ['src/core/**'],
    rules: {
      'no-restricted-imports': ['error', {
        patterns: [
          { group: ['**/contracts/**', '**/http/**', '**/cli/**', '**/listener.js'], message: 'Imports run one way.' },
          { group: ['fastify', '@fastify/*'], message: 'The core knows no HTTP.' }
        ]
      }]
    }
  },
  ...contractNames.map(own => ({
    files: [`src/contracts/${own}/**`],
    rules: neverImport([
      ...contractNames.filter(other => other !== own).map(other => `**/${other}/**`),
      '**/db/**', '**/cli/**', '**/listener.js'
    ], 'A contract imports neither another contract nor the database.')
  }))
]
