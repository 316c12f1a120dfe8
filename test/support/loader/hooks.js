import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/*
 * Node's customization hooks for TypeScript. Every test process loads most of `src`, so what the
 * compiler makes of a file is kept on disk: loading it takes a third of the time, and the compiler is not loaded.
 * Lines stay as they are in the source, which is what coverage and stack traces count.
 */

const root = new URL('../../../', import.meta.url)
const cache = fileURLToPath(new URL('.tap/transpiled/', root))
const require = createRequire(import.meta.url)
const { compilerOptions } = JSON.parse(readFileSync(new URL('tsconfig.json', root), 'utf8'))
const compiler = JSON.stringify([require('typescript/package.json').version, compilerOptions])

/**
 * An import of `x.js` means `x.ts` where that is the source. Inside a package `./x.mjs` can only be that file: for the
 * hundreds of modules of a schema or query library, the hooks of tap and of Node would take longer than their code.
 */
export function resolve (specifier, context, nextResolve) {
  if (context.parentURL?.includes('/node_modules/') && /^\.{1,2}\/[^?#%]*\.mjs$/.test(specifier)) {
    return { url: new URL(specifier, context.parentURL).href, format: 'module', shortCircuit: true }
  }
  if (/^(\.{1,2}\/|file:).*\.js(\?.*)?$/.test(specifier) && context.parentURL !== undefined) {
    const source = new URL(specifier.replace(/\.js(?=\?|$)/, '.ts'), context.parentURL)
    if (source.pathname.startsWith(root.pathname) && existsSync(source)) {
      return { url: source.href, format: 'module', shortCircuit: true }
    }
  }
  return nextResolve(specifier, context)
}

export function load (url, context, nextLoad) {
  // Without its source map, which nobody reads and Node would parse. Coverage leaves packages out in any case.
  if (context.format === 'module' && /^file:[^?#]*\/node_modules\/[^?#]*$/.test(url)) {
    const source = readFileSync(fileURLToPath(url), 'utf8').replace(/^\/\/# sourceMappingURL=\S+\s*$/m, '')
    return { format: 'module', source, shortCircuit: true }
  }
  if (!url.startsWith('file:') || !new URL(url).pathname.endsWith('.ts')) return nextLoad(url, context)
  const path = fileURLToPath(url)
  return { format: 'module', source: transpiled(path, readFileSync(path, 'utf8')), shortCircuit: true }
}

function transpiled (path, source) {
  const kept = `${cache}${createHash('sha256').update(`${compiler}\0${path}\0${source}`).digest('hex')}.js`
  if (existsSync(kept)) return readFileSync(kept, 'utf8')
  const output = transpile(path, source)
  // Another process may read or write the same file: it is there whole or not at all.
  mkdirSync(cache, { recursive: true })
  writeFileSync(`${kept}.${process.pid}`, output)
  renameSync(`${kept}.${process.pid}`, kept)
  return output
}

function transpile (fileName, source) {
  const typescript = require('typescript')
  const { outputText } = typescript.transpileModule(source, {
    fileName,
    compilerOptions: { ...compilerOptions, module: 'esnext', inlineSourceMap: true, inlineSources: true }
  })
  return outputText
}
