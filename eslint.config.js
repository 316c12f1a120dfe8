import neostandard, { plugins, resolveIgnoresFromGitignore } from 'neostandard'

const typescript = plugins['typescript-eslint']

/*
 * Imports run one way: cli, server -> contracts -> http -> core -> db; config, notifiers and token-engine hand the core
 * what it needs. `no-restricted-imports` is set once for each folder, since a later setting replaces an earlier one.
 */
const above = {
  db: ['core', 'contracts', 'http', 'server', 'cli', 'config', 'notifiers'],
  core: ['contracts', 'http', 'server', 'cli', 'config', 'notifiers'],
  config: ['contracts', 'http', 'server', 'cli', 'notifiers'],
  notifiers: ['contracts', 'http', 'server', 'cli', 'config'],
  mail: ['contracts', 'http', 'server', 'cli', 'config', 'notifiers'],
  http: ['contracts', 'db', 'server', 'cli', 'config', 'notifiers'],
  contracts: ['db', 'server', 'cli', 'config', 'notifiers'],
  server: ['cli']
}

/** The rooms of the core (src/core/README.md): each may use those before it in the list, never one after it. */
const rooms = [
  'lib', 'audit', 'revocations', 'passwords', 'accounts', 'imports', 'keys', 'mail', 'challenges', 'tokens', 'sessions',
  'refresh', 'validation', 'sign-in', 'email-links', 'partners', 'operators', 'webhooks', 'security-events', 'tasks',
  'personal-data'
]

const contractNames = ['partner', 'session', 'spa', 'tasks', 'web', 'oauth', 'account', 'ops', 'admin']

const within = folders => folders.map(folder => `**/${folder}/**`)
const oneWay = folders => ({ group: within(folders), message: 'Imports run one way.' })
const noHttp = { group: ['fastify', '@fastify/*'], message: 'The core knows no HTTP.' }

const tokenEngines = ['@fastify/jwt', 'fast-jwt']

/** Everything else has the builder and the operators from db/query.ts. */
const onlyInDb = { group: ['drizzle-orm', 'drizzle-orm/*', 'postgres'], message: 'Only db/ uses it.' }

const neverImport = (files, ...patterns) => ({ files, rules: { 'no-restricted-imports': ['error', { patterns }] } })

/** A name of an environment variable, used as an identifier. */
const environmentName = {
  selector: "Identifier[name=/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/]:not(MemberExpression[object.name='constants'] > *)",
  message: 'Only config/ knows the names of variables; take settings as an argument.'
}

const bodySpread = {
  selector: "SpreadElement[argument.property.name='body']",
  message: 'Name the members: a body may carry more than its schema names, such as a plan to subscribe to.'
}

export default [
  ...neostandard({
    ts: true,
    ignores: [
      ...resolveIgnoresFromGitignore(), 'openapi/**', 'drizzle/**', 'packages/client/src/account-api.ts',
      'console/admin-api.ts'
    ]
  }),
  {
    rules: {
      '@stylistic/comma-dangle': ['error', 'never'],
      '@stylistic/max-len': ['error', { code: 120, ignoreUrls: true }],
      'max-lines': ['error', { max: 200 }]
    }
  },
  {
    files: ['src/contracts/account/pages/assets/*.js'],
    languageOptions: { globals: { document: 'readonly', location: 'readonly', history: 'readonly' } }
  },
  { files: ['test/**', 'bench/**', 'packages/*/test/**'], rules: { 'max-lines': ['error', { max: 400 }] } },
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
  {
    ...typescript.configs.disableTypeChecked,
    files: ['test/generated-clients/types/**', 'test/generated-clients/usage/**']
  },
  {
    files: ['test/**', 'packages/*/test/**'],
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
        object: 'process',
        property: 'env',
        // bin/keyturn.cjs reads PASSWORD_HASH_CONCURRENCY too: it sizes the thread pool before any module is loaded.
        message: 'Of src, only main.ts reads the environment; take settings as an argument.'
      }]
    }
  },
  { files: ['src/main.ts'], rules: { 'no-restricted-properties': 'off' } },
  // A rule of its own, since a later set of the other one's patterns would replace this.
  {
    files: ['src/**/*.ts'],
    ignores: ['src/token-engine.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', {
        paths: [
          ...tokenEngines.map(name => ({
            name, message: 'Only token-engine.ts uses it, with keys that are prepared once.'
          })),
          { name: 'nodemailer', message: 'Only mail/ uses it.' }
        ],
        patterns: [onlyInDb]
      }]
    }
  },
  {
    files: ['src/db/**'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: [...tokenEngines, 'nodemailer'] }] }
  },
  {
    files: ['src/mail/**'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: tokenEngines, patterns: [onlyInDb] }] }
  },
  { files: ['src/core/**', 'src/http/**'], rules: { 'no-restricted-syntax': ['error', environmentName] } },
  { files: ['src/contracts/**'], rules: { 'no-restricted-syntax': ['error', environmentName, bodySpread] } },
  ...Object.entries(above).map(([folder, folders]) => neverImport([`src/${folder}/**`], oneWay(folders))),
  neverImport(['src/core/*.ts'], oneWay(above.core), noHttp),
  ...rooms.map((room, place) => neverImport([`src/core/${room}/**`],
    oneWay(above.core), noHttp,
    {
      group: ['../index.js', '../settings.js', ...rooms.slice(place + 1).map(later => `../${later}/**`)],
      message: 'A room uses only those before it in the list.'
    }
  )),
  ...contractNames.map(own => neverImport([`src/contracts/${own}/**`],
    oneWay(above.contracts),
    {
      group: contractNames.filter(other => other !== own).map(other => `../${other}/**`),
      message: 'A contract never imports another.'
    }
  ))
]
