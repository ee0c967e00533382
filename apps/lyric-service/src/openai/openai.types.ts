/** What the model is asked to answer. */
export interface WrittenLyric {
  title: string;
  style: string;
  sections: { label: string; lines: string[] }[];
}

/** As strict mode wants it: every key required, nothing else allowed. */
export const lyricSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['title', 'style', 'sections'],
  properties: {
    title: { type: 'string', description: 'At most 80 characters.' },
    style: { type: 'string', description: 'Genre, mood, instruments and voice, at most 200 characters.' },
    sections: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['label', 'lines'],
        properties: {
          label: { type: 'string', enum: ['intro', 'verse', 'chorus', 'bridge', 'outro'] },
          lines: { type: 'array', items: { type: 'string', description: 'One sung line, at most 200 characters.' } },
        },
      },
    },
  },
};

export function isWrittenLyric(value: unknown): value is WrittenLyric {
  const { title, style, sections } = (value ?? {}) as Partial<WrittenLyric>;
  return typeof title === 'string' && typeof style === 'string' && Array.isArray(sections) && sections.every(isSection);
}

function isSection(value: unknown): boolean {
  const { label, lines } = (value ?? {}) as Partial<WrittenLyric['sections'][number]>;
  return typeof label === 'string' && Array.isArray(lines) && lines.every(line => typeof line === 'string');
}
