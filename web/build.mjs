// Makes dist/: one script per page and language, the style sheet and the images, under names that carry a hash, and manifest.json (plain name -> hashed name).
//
// Words are put in while building: `t('Leave')` in a source becomes `t("Verlassen")` in case.de.js, so a page carries its own words in one language and
// asks for no catalogue. A sentence without a translation stops the build.
import * as esbuild from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { readCatalogue, withWords } from './words.mjs';

const KEPT_MS = 24 * 3600 * 1000; // A server that still runs, and pages that are still open, ask for the names they know.
mkdirSync('dist', { recursive: true });
const manifest = {};
const pages = readdirSync('src/pages').filter((name) => name.endsWith('.ts')).map((name) => `src/pages/${name}`);

await bundle(['css/oase.css'], (name) => name);
for (const language of ['de', 'en']) {
  const words = readCatalogue(readFileSync(`locales/${language}.po`, 'utf8'));
  await bundle(pages, (name) => name.replace(/\.ts$/, `.${language}.js`), [translate(words)]);
}
for (const name of readdirSync('images')) copy(`images/${name}`);
// As its makers built it, for both languages, and fetched only by pages with a player. The light build has all that we need: captions come beside the stream.
copy('node_modules/hls.js/dist/hls.light.min.mjs', 'hls.js', true);
writeFileSync('dist/manifest.json.new', JSON.stringify(manifest, null, 1));
renameSync('dist/manifest.json.new', 'dist/manifest.json');
for (const name of readdirSync('dist')) {
  const file = `dist/${name}`;
  if (name !== 'manifest.json' && !Object.values(manifest).includes(name.replace(/\.br$/, '')) && Date.now() - statSync(file).mtimeMs > KEPT_MS) rmSync(file);
}

async function bundle(entryPoints, plainName, plugins = []) {
  const result = await esbuild.build({
    entryPoints, plugins, bundle: true, format: 'esm', target: 'es2022', minify: true, legalComments: 'linked',
    entryNames: '[name]-[hash]', outdir: 'dist', metafile: true, logLevel: 'warning',
  });
  for (const [file, output] of Object.entries(result.metafile.outputs)) {
    if (output.entryPoint) manifest[plainName(path.basename(output.entryPoint))] = path.basename(file);
  }
}

function translate(words) {
  return {
    name: 'words',
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path: file }) => ({ contents: withWords(readFileSync(file, 'utf8'), words, file), loader: 'ts' }));
    },
  };
}

function copy(file, plainName = path.basename(file), packs = false) {
  const content = readFileSync(file);
  const { name, ext } = path.parse(plainName);
  const hashed = `${name}-${createHash('sha256').update(content).digest('hex').slice(0, 8).toUpperCase()}${ext}`;
  manifest[plainName] = hashed;
  writeFileSync(`dist/${hashed}`, content);
  if (packs) writeFileSync(`dist/${hashed}.br`, brotliCompressSync(content));
}
