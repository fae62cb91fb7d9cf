-- Run by mariadbd at every start, before it answers anyone. One statement per line.
CREATE DATABASE IF NOT EXISTS coupons CHARACTER SET utf8mb4;
DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');
FLUSH PRIVILEGES;
ALTER USER 'root'@'localhost' IDENTIFIED BY '$root';
CREATE USER IF NOT EXISTS 'coupons'@'%' IDENTIFIED BY '$coupons';
ALTER USER 'coupons'@'%' IDENTIFIED BY '$coupons';
GRANT ALL ON coupons.* TO 'coupons'@'%';
CREATE USER IF NOT EXISTS 'exporter'@'%' IDENTIFIED BY '$exporter';
ALTER USER 'exporter'@'%' IDENTIFIED BY '$exporter' WITH MAX_USER_CONNECTIONS 3;
GRANT PROCESS, REPLICATION CLIENT, SLAVE MONITOR, SELECT ON *.* TO 'exporter'@'%';
