-- Per service one schema, one user who reads and writes its rows, and one who may change its tables.
-- The passwords are for a server that nobody reaches from outside: docker-compose.yml publishes no port of it.
-- An underscore would stand for any character in a grant, hence the backslashes.

CREATE DATABASE castad_gateway CHARACTER SET utf8mb4;
CREATE USER 'castad_gateway'@'%' IDENTIFIED BY 'gateway';
CREATE USER 'castad_gateway_migrate'@'%' IDENTIFIED BY 'gateway-migrate';
GRANT SELECT, INSERT, UPDATE, DELETE ON `castad\_gateway`.* TO 'castad_gateway'@'%';
GRANT ALL PRIVILEGES ON `castad\_gateway`.* TO 'castad_gateway_migrate'@'%';

CREATE DATABASE castad_lyric CHARACTER SET utf8mb4;
CREATE USER 'castad_lyric'@'%' IDENTIFIED BY 'lyric';
CREATE USER 'castad_lyric_migrate'@'%' IDENTIFIED BY 'lyric-migrate';
GRANT SELECT, INSERT, UPDATE, DELETE ON `castad\_lyric`.* TO 'castad_lyric'@'%';
GRANT ALL PRIVILEGES ON `castad\_lyric`.* TO 'castad_lyric_migrate'@'%';

CREATE DATABASE castad_song CHARACTER SET utf8mb4;
CREATE USER 'castad_song'@'%' IDENTIFIED BY 'song';
CREATE USER 'castad_song_migrate'@'%' IDENTIFIED BY 'song-migrate';
GRANT SELECT, INSERT, UPDATE, DELETE ON `castad\_song`.* TO 'castad_song'@'%';
GRANT ALL PRIVILEGES ON `castad\_song`.* TO 'castad_song_migrate'@'%';

CREATE DATABASE castad_video CHARACTER SET utf8mb4;
CREATE USER 'castad_video'@'%' IDENTIFIED BY 'video';
CREATE USER 'castad_video_migrate'@'%' IDENTIFIED BY 'video-migrate';
GRANT SELECT, INSERT, UPDATE, DELETE ON `castad\_video`.* TO 'castad_video'@'%';
GRANT ALL PRIVILEGES ON `castad\_video`.* TO 'castad_video_migrate'@'%';

CREATE DATABASE castad_storage CHARACTER SET utf8mb4;
CREATE USER 'castad_storage'@'%' IDENTIFIED BY 'storage';
CREATE USER 'castad_storage_migrate'@'%' IDENTIFIED BY 'storage-migrate';
GRANT SELECT, INSERT, UPDATE, DELETE ON `castad\_storage`.* TO 'castad_storage'@'%';
GRANT ALL PRIVILEGES ON `castad\_storage`.* TO 'castad_storage_migrate'@'%';
