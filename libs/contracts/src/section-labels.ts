/** What people and models call the parts of a song. A line that is nothing else is not sung. */
const NAMES = [
  'intro|verse|(?:pre|post)[- ]?chorus|chorus|refrain|hook|bridge|interlude|instrumental|outro',
  '인트로|전주|벌스|(?:프리|포스트)[- ]?코러스|코러스|후렴구?|훅|브릿지|브리지|간주|아웃트로|후주',
  'イントロ|前奏|[AＡaBＢbCＣcDＤd]メロ|大?サビ|コーラス|ブリッジ|間奏|アウトロ|後奏',
  '主歌|副歌|预副歌|桥段|過門|过门|间奏|尾奏',
].join('|');
const COUNT = '[\\d０-９]{1,2}|[一二三四]';
const NUMBER = `${COUNT}|[ivx]{1,4}|[a-d](?![\\p{L}\\p{N}])`;
const COUNTED = `第?\\s*(?:${COUNT})\\s*(?:절|番)`;
const NAMED = `(?:(?:final|last|repeat|마지막)\\s*)?(?:(?:${COUNT})\\s*)?(?:${NAMES})(?:\\s*(?:${NUMBER}))?(?:\\s*[x×]\\s*\\d)?`;
const LABEL = `(?:${COUNTED}|${NAMED})`;
const MARKS = '[\\s*_#~\\-–—<>【】〈〉「」『』（）()]*';

const WHOLE = new RegExp(`^${MARKS}${LABEL}${MARKS}[:：.]?${MARKS}$`, 'iu');
const LEADING = new RegExp(`^${MARKS}${LABEL}${MARKS}[:：]\\s*`, 'iu');

/** Suno takes what stands in brackets for an instruction. */
const BRACKETED = /\[[^\]]*\]|［[^］]*］/gu;

/** A line without section labels; empty where it held nothing else. */
export function sungText(line: string): string {
  const text = line.replace(BRACKETED, ' ').replace(/\s+/gu, ' ').trim();
  return WHOLE.test(text) ? '' : text.replace(LEADING, '').trim();
}

/** The words to be sung, without labels among them. Where nothing would be left, they stay as they are. */
export function sung<S extends { lines: string[] }>(sections: S[]): S[] {
  const bare = sections
    .map(section => ({ ...section, lines: section.lines.map(sungText).filter(line => line !== '') }))
    .filter(({ lines }) => lines.length > 0);
  return bare.length > 0 ? bare : sections;
}
