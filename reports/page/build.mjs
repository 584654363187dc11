// Bundles the page's script and the figures' script, and writes them with the style sheet as C++: node build.mjs OUT_DIR
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];

async function bundle(entry, options) {
  const result = await build({ entryPoints: [join(here, entry)], bundle: true, minify: true, write: false, charset: 'ascii',
                               legalComments: 'eof', define: { 'process.env.NODE_ENV': '"production"' }, ...options });
  return result.outputFiles[0].text;
}

const script = (await bundle('page.mjs', { format: 'iife', platform: 'browser', target: 'es2020' })).replace(/<\/script/gi, '<\\/script');
const figures = await bundle('figures.mjs', { format: 'esm', platform: 'node', target: 'node18' });
const style = (await build({ entryPoints: [join(here, 'style.css')], minify: true, write: false, charset: 'utf8' })).outputFiles[0].text;

/** A compiler need not take literals above 64 KiB. */
function literals(name, text) {
  const bytes = Buffer.from(text, 'utf8');
  const parts = [];
  for (let at = 0; at < bytes.length; at += 60000) parts.push(bytes.subarray(at, at + 60000).toString('latin1'));
  return `const std::vector<std::string_view> ${name} = {\n${parts.map((part) => `R"mspage(${part})mspage"`).join(',\n')}};\n`;
}

const source = '// Made by reports/page/build.mjs.\n#include "reports/page_assets.hpp"\n\nnamespace msfusion::page_assets {\n\n' +
  literals('script', script) + literals('style', style) + literals('figures', figures) + '\n}  // namespace msfusion::page_assets\n';
writeFileSync(join(out, 'page_assets.cpp'), Buffer.from(source, 'latin1'));
console.log(`page script ${(script.length / 1e6).toFixed(2)} MB, figures script ${(figures.length / 1e6).toFixed(2)} MB`);
