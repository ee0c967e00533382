/** What a model of Suno takes. Lengths may count the halves of an emoji. */
export interface SunoModel {
  maxLyrics: number;
  maxStyle: number;
  maxTitle: number;
  /** Whether it can be told how long to sing. */
  takesDuration: boolean;
  /** Whether it has a field of its own for the words, which then counts before `prompt`. */
  takesLyrics: boolean;
}

const newest: SunoModel = { maxLyrics: 5_000, maxStyle: 1_000, maxTitle: 80, takesDuration: true, takesLyrics: true };
const v5_5: SunoModel = { ...newest, takesLyrics: false };
const v5: SunoModel = { ...v5_5, takesDuration: false };
const v4: SunoModel = { ...v5, maxLyrics: 3_000, maxStyle: 200 };

const older: Record<string, SunoModel> = {
  V5_5: v5_5,
  V5: v5,
  V4_5PLUS: v5,
  V4_5ALL: v5,
  V4_5: v5,
  V4: v4,
};

/** Models come faster than releases of ours: one that is not known takes what the newest take. */
export const modelNamed = (name: string): SunoModel => older[name] ?? newest;
