import { GlobalFonts } from '@napi-rs/canvas';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const { resolve } = createRequire(import.meta.url);

const files: Record<string, [name: string, file: string][]> = {
  'Noto Sans KR': ['Medium', 'Bold', 'Black'].map(weight => ['fonts-kr', `NotoSansKR-${weight}.otf`]),
  'Noto Sans SC': ['Medium', 'Bold'].map(weight => ['fonts-sc', `NotoSansHans-${weight}.otf`]),
};

let areRegistered = false;

/** Two families, always both: one for Hangul, Latin and kana, one for all Chinese characters. */
export function families(text: string): string {
  registerOnce();
  const isChinese = /\p{sc=Han}/u.test(text) && !/[\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}]/u.test(text);
  const names = Object.keys(files).map(name => `"${name}"`);
  return (isChinese ? names.reverse() : names).join(', ');
}

function registerOnce() {
  if (areRegistered) return;
  areRegistered = true;
  for (const [family, fonts] of Object.entries(files)) {
    for (const [name, file] of fonts) {
      const folder = join(dirname(resolve(`@embedpdf/${name}`)), '../fonts');
      if (!GlobalFonts.registerFromPath(join(folder, file), family)) throw new Error(`No font in ${file}`);
    }
  }
}
