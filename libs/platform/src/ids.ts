/** UUIDv7: ids that sort by the time they were made. */
export { v7 as newId, validate as isId } from 'uuid';
