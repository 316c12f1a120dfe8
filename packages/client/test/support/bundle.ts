import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const entry = fileURLToPath(new URL('../../src/index.ts', import.meta.url))

/** The package as a browser gets it: one minified module. */
export async function bundle (): Promise<string> {
  const { outputFiles: [file] } = await build({
    entryPoints: [entry], bundle: true, minify: true, format: 'esm', target: 'es2022', write: false
  })
  return String(file?.text)
}
