"""What happened on the PBX: AMI traffic -> events -> one record for each customer call -> its outcome."""
