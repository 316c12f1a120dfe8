import { register } from 'node:module'

/* For `node --import`: lets a process run TypeScript from its sources. */

register('./hooks.js', import.meta.url)
