import { BlobServiceClient } from '@azure/storage-blob';

/** The names of all files in the blob store. */
export async function blobNames(connectionString: string): Promise<string[]> {
  const container = BlobServiceClient.fromConnectionString(connectionString).getContainerClient('castad');
  if (!(await container.exists())) return [];
  const names: string[] = [];
  for await (const { name } of container.listBlobsFlat()) names.push(name);
  return names;
}
