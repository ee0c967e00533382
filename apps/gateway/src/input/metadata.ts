import { codePoints } from '@castad/platform';
import { type Check, checked, line, prose } from './text.ts';

export const MAX_KEYS = 20;
const MAX_KEY = 40;
const MAX_VALUE = 500;

const keyCheck = line(MAX_KEY);
const valueCheck = prose(MAX_VALUE);

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mapCheck =
  (isPatch: boolean): Check =>
  (value, name) => {
    if (!isMap(value)) return `${name} must be a map of texts`;
    const entries = Object.entries(value);
    if (entries.length > MAX_KEYS) return `${name} must hold at most ${MAX_KEYS} keys and holds ${entries.length}`;
    const faults = entries.flatMap(([key, text]) => [
      keyCheck(key, `a key of ${name}`) ?? [],
      isPatch && text === null ? [] : (valueCheck(text, `${name}.${shown(key)}`) ?? []),
    ]);
    return faults.flat().join('; ') || undefined;
  };

const shown = (key: string): string => (codePoints(key) > MAX_KEY ? '(a key)' : key);

/** The client's own texts by their keys. */
export const Metadata = () => checked(mapCheck(false));

/** The same; null takes a key away. */
export const MetadataPatch = () => checked(mapCheck(true));
