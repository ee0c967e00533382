export function locked<T>(file: string, waiting: string, work: () => T | Promise<T>): Promise<T>;
