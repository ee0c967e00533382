declare module 'kafkajs/src/network/requestQueue/index.js' {
  const RequestQueue: new (options: object) => object;
  export default RequestQueue;
}
