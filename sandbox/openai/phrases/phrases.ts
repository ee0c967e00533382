export type Couplet = readonly [string, string];

/** What a shop can be about, and the words of its description that say so. */
export interface Theme {
  words: RegExp;
  couplets: Couplet[];
}

/** What can be sung in one language; `{name}` and `{region}` are the brief's. Couplets rhyme, as far as the language does. */
export interface Phrases {
  titles: string[];
  styles: { bright: string[]; calm: string[] };
  themes: Theme[];
  arrival: Couplet[];
  verse: { bright: Couplet[]; calm: Couplet[] };
  chorus: [Couplet, Couplet][];
  bridge: Couplet[];
  outro: Couplet[];
}
