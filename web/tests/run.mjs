// Bundles the tests of the pages and runs them with Node's own runner. `node tests/run.mjs` in web/.
import * as esbuild from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';

const folder = mkdtempSync(path.resolve('node_modules/.tests-'));
await esbuild.build({ entryPoints: ['tests/pure.test.ts'], bundle: true, platform: 'node', format: 'esm', outdir: folder, outExtension: { '.js': '.mjs' }, logLevel: 'warning' });
const { status } = spawnSync(process.execPath, ['--test', path.join(folder, 'pure.test.mjs')], { stdio: 'inherit' });
rmSync(folder, { recursive: true });
process.exit(status ?? 1);
