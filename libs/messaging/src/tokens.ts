/** The name of the service this process is an instance of. */
export const SERVICE = Symbol('SERVICE');
