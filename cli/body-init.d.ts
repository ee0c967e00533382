/** A type of browsers that @castad/client names, and that Node.js has under no name. */
type BodyInit = NonNullable<RequestInit['body']>;
