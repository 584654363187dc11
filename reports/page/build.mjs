// Bundles the page's script and the figures' script, and writes them with the style sheet as C++, and the notices of what was bundled
// also as text: node build.mjs OUT_DIR
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
const bundled = new Set();  // the packages whose code is in a bundle

async function bundle(entry, options) {
  const result = await build({ entryPoints: [join(here, entry)], bundle: true, minify: true, write: false, charset: 'ascii',
                               legalComments: 'eof', define: { 'process.env.NODE_ENV': '"production"' }, metafile: true,
                               absWorkingDir: here, ...options });
  for (const file of Object.keys(result.metafile.inputs)) {
    const name = file.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1];
    if (name) bundled.add(name);
  }
  return result.outputFiles[0].text;
}

/** What the licences of a package ask to travel with its code: licences, notices, and those of its own parts. */
function notices(name) {
  const folder = join(here, 'node_modules', name);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = (sub) => existsSync(join(folder, sub)) ? readdirSync(join(folder, sub)).sort().map((file) => join(sub, file)) : [];
  const legal = [...files('').filter((file) => /^(licen[cs]e|notice|copying)/i.test(file) && file !== 'licenses'), ...files('licenses')];
  if (!legal.some((file) => /^licen[cs]e/i.test(file))) throw new Error(`${name} has no licence that the page could carry`);
  return legal.map((file) => `${name} ${version}: ${file}\n\n${readFileSync(join(folder, file), 'utf8').replaceAll('\r', '').trim()}\n`).join('\n\n');
}

const script = (await bundle('page.mjs', { format: 'iife', platform: 'browser', target: 'es2020' })).replace(/<\/script/gi, '<\\/script');
const figures = await bundle('figures.mjs', { format: 'esm', platform: 'node', target: 'node18' });
const style = (await build({ entryPoints: [join(here, 'style.css')], minify: true, write: false, charset: 'utf8' })).outputFiles[0].text;
const own = `MSfusion: LICENSE\n\n${readFileSync(join(here, '../../LICENSE'), 'utf8')}`;
const legal = [own, ...[...bundled].sort().map(notices)].join('\n\n');

/** A compiler need not take literals above 64 KiB. */
function literals(name, text) {
  const bytes = Buffer.from(text, 'utf8');
  const parts = [];
  for (let at = 0; at < bytes.length; at += 60000) parts.push(bytes.subarray(at, at + 60000).toString('latin1'));
  return `const std::vector<std::string_view> ${name} = {\n${parts.map((part) => `R"mspage(${part})mspage"`).join(',\n')}};\n`;
}

const source = '// Made by reports/page/build.mjs.\n#include "reports/page_assets.hpp"\n\nnamespace msfusion::page_assets {\n\n' +
  literals('script', script) + literals('style', style) + literals('figures', figures) + literals('notices', legal) + '\n}  // namespace msfusion::page_assets\n';
writeFileSync(join(out, 'page_assets.cpp'), Buffer.from(source, 'latin1'));
writeFileSync(join(out, 'page-notices.txt'), legal);
console.log(`page script ${(script.length / 1e6).toFixed(2)} MB, figures script ${(figures.length / 1e6).toFixed(2)} MB`);
