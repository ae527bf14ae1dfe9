// Bundles every island in src/pages and the style sheet into dist/, under names that carry a hash, and writes dist/manifest.json (plain name -> hashed name).
import * as esbuild from 'esbuild';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

rmSync('dist', { recursive: true, force: true });
const pages = readdirSync('src/pages').filter((name) => name.endsWith('.ts')).map((name) => `src/pages/${name}`);
const result = await esbuild.build({
  entryPoints: [...pages, 'css/oase.css'],
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'linked',
  entryNames: '[name]-[hash]',
  chunkNames: 'chunk-[hash]',
  outdir: 'dist',
  metafile: true,
  logLevel: 'warning',
});
const manifest = {};
for (const [file, output] of Object.entries(result.metafile.outputs)) {
  if (output.entryPoint) manifest[path.basename(output.entryPoint).replace(/\.ts$/, '.js')] = path.basename(file);
}
writeFileSync('dist/manifest.json', JSON.stringify(manifest, null, 1));
