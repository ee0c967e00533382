export * from './api-error.ts';
export { events, type EventsOptions } from './events.ts';
export * from './generated/index.ts';
export { client } from './generated/client.gen.ts';
export { createClient, type Client } from './generated/client/index.ts';
export { uploadImages, type UploadImagesData } from './upload-images.ts';
export { waitFor, type WaitOptions } from './wait-for.ts';
