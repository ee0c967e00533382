/** A path in the container; the same parts always give the same path, so that a repeated copy meets the earlier one. */
export const blobPath = (parts: (string | number)[], extension: string): string =>
  `${parts.map(part => safe(String(part))).join('/')}.${extension}`;

/** What the paths of all files of a task begin with. */
export const prefixOf = (taskId: string): string => `${taskId}/`;

/** `9:16` reads `9x16`; whatever else a blob's name or a link should not hold becomes a hyphen. */
const safe = (part: string): string =>
  part
    .replace(/:/g, 'x')
    .replace(/[^\w.-]/g, '-')
    .replace(/^\.+/, '-');
